"""Where this process inspects: everything that a job needs, built once in main."""

from dataclasses import dataclass, replace
from typing import Protocol

from layerwatch.ports import Ledger, PictureStore, ResultChannel
from layerwatch.verdict import Verdict
from worker.apart import InspectionApart
from worker.model import LoadedModel
from worker.outage import ArtifactsOutage
from worker.pipeline import Pipeline


class Results(Ledger, ResultChannel, Protocol):
    """Where verdicts go, and which are there already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Station:
    """One worker's place.

    Attributes:
        pictures: where the pictures lie that came with their jobs.
        apart: inspects what was in hand when its worker died.
        outage: whether the artifacts can be written.
        retry_pause_seconds: between a first failure and giving the job back.
    """

    pipeline: Pipeline
    results: Results
    pictures: PictureStore
    apart: InspectionApart
    outage: ArtifactsOutage
    retry_pause_seconds: float

    def publish(self, verdict: Verdict) -> bool:
        """Publish a verdict, after which nobody needs its pictures; False if it was there already."""
        published = self.results.publish(verdict)
        self.pictures.discard(verdict.id)
        return published


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
