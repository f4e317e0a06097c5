"""How far a training run is, as a small JSON file: for whoever started it and has no terminal to look at."""

import time
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from layerwatch.atomic import write_atomic

EVERY_SECONDS: Final = 1.0


class TrainingProgress(BaseModel):
    """What the bar on a terminal shows.

    Attributes:
        step, steps: done, and at most.
        spent: share of the run that lies behind, 0..1, by steps or by minutes, whichever ends first.
        loss: of the last step.
        average_precision: of the last validation, 0..1.
        seconds_left: until the network is trained; quantizing and measuring come after it.
    """

    model_config = ConfigDict(frozen=True)

    step: int
    steps: int
    spent: float
    loss: float
    average_precision: float | None
    seconds_left: float | None


class ProgressFile:
    """Writes the file anew, whole, at most once a second, and always at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = float("-inf")

    def write(self, progress: TrainingProgress) -> None:
        now = time.monotonic()
        if now - self._written >= EVERY_SECONDS or progress.spent >= 1:
            self._written = now
            write_atomic(self._path, progress.model_dump_json().encode())


def read_progress(path: Path) -> TrainingProgress | None:
    """Return what the file says, None where there is none yet."""
    try:
        return TrainingProgress.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
