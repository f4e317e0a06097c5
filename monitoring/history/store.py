"""The history as who writes it sees it: verdicts with the place in the stream, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Update, select, update

from layerwatch.errors import LayerwatchError
from layerwatch.verdict_stream import STREAM
from monitoring.history.database import writing
from monitoring.history.records import Published
from monitoring.history.tables import progress
from monitoring.history.writing import Written, write_new


class MovedOnError(LayerwatchError):
    """Another recorder has written on; what was read has to be read again from where it is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the stream is written.

    Attributes:
        cursor: stream id of the last entry that is written, "0" before the first.
        entries: how many the stream had ever taken up to there, None while nobody knows.
        gaps: how often the stream was found to have lost entries behind the cursor; an empty history begins with one.
        gaps_filled: for how many of these the artifacts were read since.
    """

    cursor: str
    entries: int | None
    gaps: int
    gaps_filled: int

    @property
    def has_gap(self) -> bool:
        return self.gaps > self.gaps_filled


class HistoryStore:
    """Writes the history; any number of processes may, each verdict is written once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def position(self) -> Position:
        with self._engine.connect() as connection:
            return _position(connection, lock=False)

    def advance(self, found: Sequence[Published], *, behind: str, cursor: str, entries: int | None) -> Written:
        """Write verdicts and that the stream is written up to a cursor; return which were new, in order.

        Args:
            found: what stood in the stream, in order.
            behind: cursor that they were read behind.
            cursor: of the last entry that was read, readable or not.
            entries: see Position.

        Raises:
            MovedOnError: the stream is written up to another place than `behind` by now; nothing is written.
        """
        with writing(self._engine) as connection:
            if _position(connection, lock=True).cursor != behind:
                raise MovedOnError("another recorder writes the same history: one of them is enough")
            written = write_new(connection, found)
            connection.execute(_progress(cursor=cursor, entries=entries))
        return written

    def take_in(self, found: Sequence[Published]) -> Written:
        """Write verdicts that were found elsewhere than in the stream; return which were new."""
        with writing(self._engine) as connection:
            _position(connection, lock=True)
            return write_new(connection, found)

    def start_over(self, cursor: str) -> None:
        """Enter that the stream has lost entries, and is to be read on behind a cursor."""
        with writing(self._engine) as connection:
            gaps = _position(connection, lock=True).gaps + 1
            connection.execute(_progress(cursor=cursor, entries=None, gaps=gaps))

    def fill_gaps(self, gaps: int) -> None:
        """Enter that all artifacts were read since there were so many gaps."""
        with writing(self._engine) as connection:
            connection.execute(_progress(gaps_filled=gaps))


def _position(connection: Connection, *, lock: bool) -> Position:
    wanted = select(progress).where(progress.c.stream == STREAM)
    row = connection.execute(wanted.with_for_update() if lock else wanted).one()
    return Position(cursor=row.cursor, entries=row.entries, gaps=row.gaps, gaps_filled=row.gaps_filled)


def _progress(**values: object) -> Update:
    return update(progress).where(progress.c.stream == STREAM).values(**values)
