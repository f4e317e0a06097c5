"""The plant as the page sees it over time: what no single reading says. Pure: every time is an argument."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from layerwatch.source_state import SourceState
from monitoring.web.now.facts import RedisFacts

GROWTH_SECONDS = 60.0  # over which a queue grows
GROWTH = 5  # inspections
RETIRED_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One printer's folder.

    Attributes:
        state: what ingest last said of it.
        quiet_seconds: for how long ingest has said nothing new.
        lacking_seconds: for how long layer sets have waited for lights that do not come.
    """

    state: SourceState
    quiet_seconds: float
    lacking_seconds: float

    @property
    def is_mute(self) -> bool:
        """Whether ingest should have said something by now: it is not running, or it hangs."""
        return self.quiet_seconds > self.state.patience_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What Redis said, and for how long.

    Attributes:
        unwritable: of each living worker that can write no artifacts, why, and what to do.
        queued, started, given_up: inspections that wait, that a worker has in hand, and that failed for good.
        waiting_seconds: for how long there has always been one that waits or is in hand.
        grows: more wait than a minute ago.
    """

    clock: datetime
    sources: tuple[Source, ...]
    workers: Mapping[str, int]
    unwritable: tuple[str, ...] = ()
    queued: int
    started: int
    given_up: int
    waiting_seconds: float
    grows: bool

    @property
    def alive(self) -> int:
        """How many workers have said lately that they live."""
        return self.workers.get("idle", 0) + self.workers.get("busy", 0)

    @property
    def none_can_write(self) -> bool:
        """Whether there are such, and none of them can write what it finds."""
        return 0 < self.alive <= len(self.unwritable)

    @property
    def watched(self) -> tuple[Source, ...]:
        """The sources but those that ingest has long ceased to name."""
        return tuple(source for source in self.sources if source.quiet_seconds < RETIRED_SECONDS)

    def source(self, printer: str) -> Source | None:
        return next((source for source in self.watched if source.state.printer == printer), None)


class Observer:
    """Remembers what it needs of earlier readings."""

    def __init__(self) -> None:
        self._states: dict[str, SourceState] = {}
        self._heard: dict[str, float] = {}
        self._lacking: dict[str, float] = {}
        self._waiting_since: float | None = None
        self._depths: deque[tuple[float, int]] = deque()

    def see(self, facts: RedisFacts, *, wall: datetime, now: float) -> Plant:
        """Return the plant after a reading.

        Args:
            facts: what was read.
            wall: this machine's time of day.
            now: seconds on a clock that nobody sets.
        """
        sources = tuple(self._source(state, wall, now) for state in facts.sources)
        self._states = {state.printer: state for state in facts.sources}
        queued, started = facts.jobs["queued"], facts.jobs["started"]
        return Plant(
            clock=facts.clock,
            sources=sources,
            workers=facts.workers,
            unwritable=facts.unwritable,
            queued=queued,
            started=started,
            given_up=facts.jobs["failed"],
            waiting_seconds=self._waiting(queued + started, now),
            grows=self._grows(queued, now),
        )

    def _source(self, state: SourceState, wall: datetime, now: float) -> Source:
        before = self._states.get(state.printer)
        if before is None:  # ingest's clock may be wrong, but at first there is no other witness
            self._heard[state.printer] = now - max(0.0, (wall - state.updated).total_seconds())
        elif before.updated != state.updated:
            self._heard[state.printer] = now
        return Source(
            state=state,
            quiet_seconds=now - self._heard[state.printer],
            lacking_seconds=self._lacks(before, state, now),
        )

    def _lacks(self, before: SourceState | None, state: SourceState, now: float) -> float:
        """Return for how long sets have waited for a light: one while nothing comes, or several at once."""
        sets = state.sets_waiting.get("light", 0)
        nothing_came = before is not None and before.settled == state.settled
        if sets > 1 or (sets and nothing_came):
            return now - self._lacking.setdefault(state.printer, now)
        self._lacking.pop(state.printer, None)
        return 0.0

    def _waiting(self, jobs: int, now: float) -> float:
        self._waiting_since = None if not jobs else now if self._waiting_since is None else self._waiting_since
        return 0.0 if self._waiting_since is None else now - self._waiting_since

    def _grows(self, queued: int, now: float) -> bool:
        self._depths.append((now, queued))
        while now - self._depths[0][0] > GROWTH_SECONDS:
            self._depths.popleft()
        return queued >= self._depths[0][1] + GROWTH
