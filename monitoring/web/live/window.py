"""The latest verdicts in memory: a bounded window of the stream."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from layerwatch.verdict_stream import START, position
from monitoring.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One verdict of the stream: its id, its exact body, and the row that is read from it."""

    cursor: str
    body: bytes
    row: Row


class Window:
    """At most `size` verdicts in the order of the stream.

    Attributes:
        floor: the oldest cursor behind which nothing is missing here.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._seen: list[Seen] = []
        self.floor = START

    def __len__(self) -> int:
        return len(self._seen)

    def fill(self, seen: Sequence[Seen], *, floor: str) -> None:
        """Replace everything; floor says behind which cursor the given verdicts are all that there are."""
        self._seen = []
        self.floor = floor
        for one in seen:
            self.add(one)

    def add(self, seen: Seen) -> None:
        self._seen.append(seen)
        if len(self._seen) > self._size:
            self.floor = self._seen[0].cursor
            del self._seen[0]

    @property
    def last(self) -> Seen | None:
        return self._seen[-1] if self._seen else None

    @property
    def cursor(self) -> str:
        """The cursor behind the newest verdict."""
        return self._seen[-1].cursor if self._seen else self.floor

    def has_all_after(self, cursor: str) -> bool:
        """Return whether nothing is missing behind a cursor; who knows behind one that the stream never came to."""
        return position(self.floor) <= position(cursor) <= position(self.cursor)

    def after(self, cursor: str, limit: int | None = None) -> list[Seen]:
        """Return the verdicts behind a cursor, oldest first, at most `limit`."""
        first = bisect_right(self._seen, position(cursor), key=lambda seen: position(seen.cursor))
        return self._seen[first : None if limit is None else first + limit]

    def newest(self, limit: int) -> list[Seen]:
        """Return the latest verdicts, newest first."""
        return self._seen[: -limit - 1 : -1]

    def find(self, cursor: str) -> Seen | None:
        place = bisect_right(self._seen, position(cursor), key=lambda seen: position(seen.cursor)) - 1
        return self._seen[place] if place >= 0 and self._seen[place].cursor == cursor else None
