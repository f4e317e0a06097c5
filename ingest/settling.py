"""When is a file finished? Pure: every time is an argument, in seconds of one clock that never goes back."""

import heapq
from dataclasses import dataclass
from typing import NamedTuple

CLOSED_SHARE = 0.25  # of the settle time, for a file that its writer closed or renamed into place


class Stamp(NamedTuple):
    """What of a file changes when it is written to."""

    size: int
    mtime_ns: int


@dataclass(slots=True)
class Waiting:
    """A file that is not known to be finished.

    Attributes:
        quiet_since: when it was last seen to change, or its time of change says so.
        seen_since: when it was first seen like that; a clock that is wrong does not make that earlier.
        due_at: when to look at it next.
        backlog: it lay there before ingest did.
    """

    stamp: Stamp
    quiet_since: float
    seen_since: float
    due_at: float
    backlog: bool


class Settling:
    """The files that are being written, and when each is due to be looked at.

    A file is due when size and time of change have been quiet for the settle time, a quarter of it once the
    writer closed it. Who looks finds it whole (`settled`), or not: then it is due again when the grace time is over.
    """

    def __init__(self, *, settle_seconds: float, grace_seconds: float) -> None:
        self._settle = settle_seconds
        self._grace = max(grace_seconds, settle_seconds)
        self._waiting: dict[str, Waiting] = {}
        self._live: list[tuple[float, str]] = []
        self._backlog: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def stamp(self, path: str) -> Stamp | None:
        """Return how the file was last seen, None if it is not waited for."""
        entry = self._waiting.get(path)
        return entry.stamp if entry else None

    def is_backlog(self, path: str) -> bool:
        return self._waiting[path].backlog

    def observe(  # noqa: PLR0913 - one keyword for each fact of an observation
        self, path: str, stamp: Stamp, *, now: float, closed: bool = False, age: float = 0.0, backlog: bool = False
    ) -> None:
        """Enter how a file looks now.

        Args:
            path: below the watched folder.
            stamp: its size and time of change.
            now: the time.
            closed: its writer closed it or renamed it into place.
            age: seconds for which it is known to be unchanged, from its time of change.
            backlog: it lay there before ingest did.
        """
        entry = self._waiting.get(path)
        wait = self._settle * (CLOSED_SHARE if closed else 1.0)
        if entry is None or entry.stamp != stamp:
            quiet_since = now - max(0.0, age)
            entry = Waiting(
                stamp=stamp, quiet_since=quiet_since, seen_since=now, due_at=quiet_since + wait, backlog=backlog
            )
            self._waiting[path] = entry
            self._push(path, entry)
        elif closed and entry.quiet_since + wait < entry.due_at:
            entry.due_at = max(now, entry.quiet_since + wait)
            self._push(path, entry)

    def next_due(self, *, backlog: bool = True) -> float | None:
        """Return when the next file is due, None if none is waited for; without the backlog if it has to wait."""
        times = [heap[0][0] for heap in self._heaps(backlog=backlog) if self._drop_stale(heap)]
        return min(times, default=None)

    @property
    def has_backlog(self) -> bool:
        return self._drop_stale(self._backlog)

    def oldest_quiet(self) -> float | None:
        """Return since when the longest quiet of the files that are being written has been so, None without any."""
        return min((entry.quiet_since for entry in self._waiting.values() if not entry.backlog), default=None)

    def take_due(self, now: float, *, backlog: bool = True) -> str | None:
        """Return a file that is due, one being printed now before the backlog; the caller says what it found."""
        for heap in self._heaps(backlog=backlog):
            if self._drop_stale(heap) and heap[0][0] <= now:
                return heapq.heappop(heap)[1]
        return None

    def hurry(self, path: str) -> None:
        """Enter that a file of the backlog belongs to what is being printed now."""
        entry = self._waiting.get(path)
        if entry is not None and entry.backlog:
            entry.backlog = False
            self._push(path, entry)

    def settled(self, path: str) -> None:
        """Enter that the file is finished, or gone."""
        self._waiting.pop(path, None)

    def quiet_until(self, path: str) -> float:
        """Return until when the file was to stay unchanged to count as settled."""
        return self._waiting[path].quiet_since + self._settle

    def grace_is_over(self, path: str, *, now: float) -> bool:
        """Return whether a file that is no whole picture has had its time."""
        return now >= self._waiting[path].seen_since + self._grace

    def wait_for_grace(self, path: str) -> None:
        """Enter that the file is no whole picture yet: it is due again when the grace time is over."""
        entry = self._waiting[path]
        entry.due_at = entry.seen_since + self._grace
        self._push(path, entry)

    def retry(self, path: str, *, at: float) -> None:
        """Enter that the file could not be looked at; it is due again then."""
        entry = self._waiting[path]
        entry.due_at = at
        self._push(path, entry)

    def _heaps(self, *, backlog: bool) -> tuple[list[tuple[float, str]], ...]:
        return (self._live, self._backlog) if backlog else (self._live,)

    def _push(self, path: str, entry: Waiting) -> None:
        heapq.heappush(self._backlog if entry.backlog else self._live, (entry.due_at, path))

    def _drop_stale(self, heap: list[tuple[float, str]]) -> bool:
        """Remove what was rescheduled or is done from the top; return whether anything is left."""
        while heap:
            due_at, path = heap[0]
            entry = self._waiting.get(path)
            if entry is not None and entry.due_at == due_at:
                return True
            heapq.heappop(heap)
        return False
