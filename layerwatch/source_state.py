"""How one printer's folder is doing, as ingest says it every few seconds and others show it."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, NonNegativeInt, PositiveFloat

from layerwatch.wire import Body

MISSED_REPORTS = 3  # after so many a state says nothing any more
GRACE_SECONDS = 5.0


class SourceState(Body):
    """One printer's folder.

    Attributes:
        folder: as ingest sees it.
        is_up: it can be listed; otherwise it is away, which is not the same as empty.
        has_events: the file system tells of new files; otherwise scans alone find them.
        settled: pictures found finished since ingest started.
        last_picture: when the printer wrote the newest of them.
        files_waiting: pictures that are not known to be finished.
        oldest_waiting_seconds: for how long the oldest of them has been quiet.
        sets_waiting: layer sets that wait for a light, and that wait for Redis or for room on the queue.
        outstanding: inspections on the queue that are not known to be published.
        silent_seconds: for how long no new layer has come, None as long as that is nothing strange.
        irregular: layers missing now, and layers out of order or repeated since ingest started.
        ignored: entries of the folder that are left alone, by why.
        every_seconds: so often a new state is to be expected.
    """

    called = "a source state"

    schema_version: Literal[1] = Field(default=1, alias="schema")
    printer: str
    folder: str
    profile: str
    is_up: bool
    has_events: bool
    settled: NonNegativeInt
    last_picture: AwareDatetime | None = None
    files_waiting: NonNegativeInt
    oldest_waiting_seconds: Annotated[float, Field(ge=0)] | None = None
    sets_waiting: dict[Literal["light", "queue"], NonNegativeInt]
    outstanding: NonNegativeInt
    silent_seconds: Annotated[float, Field(ge=0)] | None = None
    irregular: dict[str, NonNegativeInt] = Field(default_factory=dict)
    ignored: dict[str, NonNegativeInt] = Field(default_factory=dict)
    updated: AwareDatetime
    every_seconds: PositiveFloat

    @property
    def patience_seconds(self) -> float:
        """For how long no new state is nothing strange."""
        return MISSED_REPORTS * self.every_seconds + GRACE_SECONDS

    def is_stale(self, now: datetime) -> bool:
        """Return whether ingest should have said something new by now: it is not running, or it hangs."""
        return now - self.updated > timedelta(seconds=self.patience_seconds)
