"""What one training run is asked for."""

from dataclasses import dataclass
from pathlib import Path

from trainer.hardware import Hardware
from trainer.recipe import Recipe
from trainer.sources import Source
from trainer.wish import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to train, on what, and where to put it; see the options of `train`."""

    sources: tuple[Source, ...]
    recipe: Recipe
    wish: Wish
    name: str
    version: str | None
    work: Path
    registry: Path
    hardware: Hardware
    resume: bool
    promote: bool | None
    keep_safetensors: bool
    progress: Path | None = None
