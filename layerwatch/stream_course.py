"""Where a reader of the verdict stream is, and what follows from what Redis says; waits and asks nothing itself."""

import logging
from typing import Final

from redis.exceptions import RedisError

from layerwatch.errors import VerdictsMissedError
from layerwatch.verdict_stream import NOTHING, Entry, missed_before, missed_behind, position, unbroken

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 3.0

log = logging.getLogger(__name__)  # structlog would write to stdout in programs that never set it up


class Watch:
    """Hears how a subscription is doing; subclass it to do something else about it."""

    def away(self, error: RedisError) -> None:
        """Redis does not answer; it is asked again until it does. Raise to wait no longer."""
        log.warning("Redis does not answer (%s); waiting", type(error).__name__)

    def back(self) -> None:
        """Redis answers again."""
        log.warning("Redis answers again")

    def missed(self, error: VerdictsMissedError) -> None:
        """Verdicts may be gone that were never read: raise to stop, return to go on with what is left."""
        raise error


class Course:
    """The cursor of one reader and what it still has to ask.

    Attributes:
        cursor: behind which it reads; None until the stream's end is known, where it begins there.
        is_known: whether the stream is known to have come as far as the cursor.
    """

    def __init__(self, after: str | None, watch: Watch | None) -> None:
        self._watch = watch or Watch()
        self._pause = 0.0
        self.go_to(after)

    def go_to(self, cursor: str | None) -> None:
        if cursor is not None:
            position(cursor)
        self.cursor = cursor
        self.is_known = False

    def arrive(self, end: str) -> None:
        """Begin, or go on, on a stream that gave out this id last."""
        self._answered()
        self.cursor = end if self.cursor is None else self.cursor
        if problem := missed_behind(end, self.cursor):
            self._watch.missed(problem)
            self.cursor = problem.resume
        self.is_known = True

    def take(self, entries: list[Entry]) -> list[Entry]:
        """Return those of the entries behind the cursor that follow each other."""
        self._answered()
        self.is_known = bool(entries)
        if entries and (problem := missed_before(entries[0], self.cursor or NOTHING)):
            self._watch.missed(problem)
        return unbroken(entries)

    def leave(self, error: RedisError) -> float:
        """Return for how many seconds to leave Redis alone after an error."""
        if not self._pause:
            self._watch.away(error)
        self.is_known = False
        self._pause = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, self._pause * 2))
        return self._pause

    def _answered(self) -> None:
        if self._pause:
            self._watch.back()
        self._pause = 0.0
