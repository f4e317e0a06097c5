"""Where this process inspects: everything that a job needs, built once in main."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from layerwatch.paths import inside
from layerwatch.ports import Ledger, ResultChannel
from worker.apart import InspectionApart
from worker.model import LoadedModel
from worker.pipeline import Pipeline


class Results(Ledger, ResultChannel, Protocol):
    """Where verdicts go, and which are there already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Station:
    """One worker's place.

    Attributes:
        apart: inspects what was in hand when its worker died.
        retry_pause_seconds: between a first failure and giving the job back.
    """

    pipeline: Pipeline
    results: Results
    retry_pause_seconds: float
    apart: InspectionApart = field(default_factory=InspectionApart)


class StationMissingError(RuntimeError):
    """A job ran in a process that is no worker; start one with `python -m worker run`."""


_installed: list[Station] = []


def install_station(station: Station) -> None:
    """Make the station the one that jobs of this process find; RQ calls them by name, with the message alone."""
    _installed[:] = [station]


def current_station() -> Station:
    if not _installed:
        raise StationMissingError
    return _installed[0]


def judge_with(model: LoadedModel) -> None:
    """Make the model judge from the next job on; a job in hand keeps the station, and so the model, it began with."""
    station = current_station()
    install_station(replace(station, pipeline=replace(station.pipeline, model=model)))


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """The folder that the printers write into, as this machine sees it."""

    root: Path

    def locate(self, relative: str) -> Path:
        """Return where a picture lies.

        Raises:
            UnsafePathError: it would lie outside.
            OSError: nothing at all is in the folder: a share that is away looks like this.
        """
        path = inside(self.root, relative)
        if not path.exists() and not self._holds_anything():
            raise OSError(f"{self.root} is empty or away; is the printers' folder mounted?")
        return path

    def _holds_anything(self) -> bool:
        return self.root.is_dir() and any(self.root.iterdir())
