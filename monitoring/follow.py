"""Verdicts as they are published, printed for people or as lines for programs."""

from collections.abc import Callable
from dataclasses import dataclass

from redis.exceptions import RedisError

from layerwatch.errors import VerdictsMissedError, WireError
from layerwatch.events import Event
from layerwatch.layers import Stage
from layerwatch.results import Entry, Watch
from layerwatch.verdict import Decision, Verdict
from monitoring.rows import row_of
from monitoring.table import VerdictTable

Tell = Callable[[str], None]


class ToldTrouble(Watch):
    """Tells people, once, what goes wrong with the stream and when it is over; what is left of it goes on."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def away(self, error: RedisError) -> None:
        self._tell(f"Redis does not answer ({type(error).__name__}); waiting, nothing will be missed")

    def back(self) -> None:
        self._tell("Redis answers again")

    def missed(self, error: VerdictsMissedError) -> None:
        self._tell(f"missed: {error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be shown; of what is empty, all."""

    decisions: frozenset[Decision] = frozenset()
    stages: frozenset[Stage] = frozenset()
    printers: frozenset[str] = frozenset()
    builds: frozenset[str] = frozenset()

    def takes(self, verdict: Verdict) -> bool:
        return (
            verdict.decision in (self.decisions or {verdict.decision})
            and verdict.stage in (self.stages or {verdict.stage})
            and self.takes_build_of(verdict)
        )

    def takes_build_of(self, told: Verdict | Event) -> bool:
        """Return whether printer and build are wanted; an event is about several layers and stages of one build."""
        return told.printer in (self.printers or {told.printer}) and told.build in (self.builds or {told.build})


class Printer:
    """Shows entries: exact bodies as lines, or rows of a table.

    Args:
        line: takes a body, to the letter; None where a table is shown.
        table: shows rows.
        wanted: which to show.
        tell: takes what people should know.
    """

    def __init__(
        self, *, line: Callable[[bytes], None] | None, table: VerdictTable, wanted: Wanted, tell: Tell
    ) -> None:
        self._line = line
        self._table = table
        self._wanted = wanted
        self._tell = tell

    def show(self, entry: Entry) -> bool:
        """Show an entry if it is wanted; return whether it was."""
        try:
            verdict = entry.verdict()
        except WireError as error:
            self._tell(f"skipped {entry.cursor}: {error}")
            return False
        if not self._wanted.takes(verdict):
            return False
        if self._line:
            self._line(entry.body)
        else:
            self._table.show(row_of(verdict))
        return True
