"""Verdicts as they are published, from the stream: nothing is missed while Redis is away."""

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from redis.exceptions import RedisError

from layerwatch.errors import WireError
from layerwatch.verdict import Decision, Verdict
from monitoring.rows import row_of
from monitoring.stream import Entry
from monitoring.table import VerdictTable

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
WAIT_SECONDS = 5.0

Tell = Callable[[str], None]


class Stream(Protocol):
    def latest_cursor(self) -> str:
        """Return the id of the last entry."""
        ...

    def after(self, cursor: str, *, wait_seconds: float) -> Iterator[Entry]:
        """Yield the entries after a cursor; ends when none came for so long."""
        ...


class Follower:
    """Reads on for ever from a cursor that only moves when an entry was given out.

    Args:
        stream: where the entries come from.
        cursor: stream id to start behind; None starts behind what is there when Redis first answers.
        tell: takes what people should know, once a trouble and once its end.
        sleep: waits between attempts.
    """

    def __init__(
        self, stream: Stream, *, cursor: str | None, tell: Tell, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._stream = stream
        self._cursor = cursor
        self._tell = tell
        self._sleep = sleep
        self._pause = 0.0

    def entries(self) -> Iterator[Entry]:
        while True:
            try:
                yield from self._until_quiet()
                self._recovered()
            except RedisError as error:
                self._wait(error)

    def _until_quiet(self) -> Iterator[Entry]:
        if self._cursor is None:
            self._cursor = self._stream.latest_cursor()
        for entry in self._stream.after(self._cursor, wait_seconds=WAIT_SECONDS):
            self._recovered()
            self._cursor = entry.cursor
            yield entry

    def _wait(self, error: RedisError) -> None:
        if not self._pause:
            self._tell(f"Redis does not answer ({type(error).__name__}); waiting, nothing will be missed")
        self._pause = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, self._pause * 2))
        self._sleep(self._pause)

    def _recovered(self) -> None:
        if self._pause:
            self._tell("Redis answers again")
        self._pause = 0.0


class Printer:
    """Shows entries: exact bodies as lines, or rows of a table; filters by decision.

    Args:
        line: takes a body, to the letter; None where a table is shown.
        table: shows rows.
        wanted: decisions to show; empty shows all.
        tell: takes what people should know.
    """

    def __init__(
        self, *, line: Callable[[bytes], None] | None, table: VerdictTable, wanted: frozenset[Decision], tell: Tell
    ) -> None:
        self._line = line
        self._table = table
        self._wanted = wanted
        self._tell = tell

    def show(self, entry: Entry) -> bool:
        """Show an entry if it is wanted; return whether it was."""
        try:
            verdict = Verdict.from_json(entry.body)
        except WireError as error:
            self._tell(f"skipped {entry.cursor}: {error}")
            return False
        if self._wanted and verdict.decision not in self._wanted:
            return False
        if self._line:
            self._line(entry.body)
        else:
            self._table.show(row_of(verdict))
        return True
