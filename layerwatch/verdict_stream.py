"""The verdict stream as it lies in Redis: exact bodies, each with its id and the id of the entry before it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from layerwatch.errors import CursorError, VerdictsMissedError
from layerwatch.verdict import Verdict

STREAM: Final = "layerwatch:verdicts"
BODY: Final = "verdict"  # field of an entry: the verdict as JSON
PREVIOUS: Final = "previous"  # field of an entry: the id of the entry that was written before it
START: Final = "0"  # the cursor in front of all that is kept
NOTHING: Final = "0-0"  # the id in front of the first entry that was ever written
CURSOR: Final = re.compile(r"[0-9]{1,20}(-[0-9]{1,20})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One published verdict.

    Attributes:
        cursor: its stream id; reading goes on behind it.
        body: the verdict as it was written, to the letter.
        previous: the id of the entry that was written before it, None where the entry does not say so.
    """

    cursor: str
    body: bytes
    previous: str | None = None

    def verdict(self) -> Verdict:
        """Return the verdict in the body, read anew at each call.

        Raises:
            WireError: it is none of version 1.
        """
        return Verdict.from_json(self.body)


def position(cursor: str) -> tuple[int, int]:
    """Return a cursor as (milliseconds, number), which compares as the stream is ordered.

    Raises:
        CursorError: it is neither a stream id nor a time in milliseconds.
    """
    if not CURSOR.fullmatch(cursor):
        raise CursorError(cursor)
    milliseconds, _, number = cursor.partition("-")
    return int(milliseconds), int(number or 0)


def is_entry(cursor: str) -> bool:
    """Return whether a cursor is the id of an entry that somebody read; else it is a time, or NOTHING."""
    return "-" in cursor and cursor != NOTHING


def entries_of(raw: Sequence[tuple[bytes, dict[bytes, bytes] | None]]) -> list[Entry]:
    """Return what XREAD or XRANGE gave as entries; one without a body becomes an empty one, so that none is skipped."""
    return [_entry(name, fields or {}) for name, fields in raw]


def _entry(name: bytes, fields: dict[bytes, bytes]) -> Entry:
    previous = fields.get(PREVIOUS.encode(), b"").decode(errors="replace")
    return Entry(
        cursor=name.decode(),
        body=fields.get(BODY.encode(), b""),
        previous=previous if CURSOR.fullmatch(previous) else None,
    )


def unbroken(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries up to the first that does not follow the one before it."""
    for number, (before, entry) in enumerate(pairwise(entries), start=1):
        if entry.previous is not None and missed_before(entry, before.cursor):
            return list(entries[:number])
    return list(entries)


def missed_before(entry: Entry, cursor: str) -> VerdictsMissedError | None:
    """Return what is to be said where an entry is not the first that was written behind a cursor.

    Behind a time it is as long as no entry of a later time was written before it; behind START any entry is.
    """
    if cursor == START or (entry.previous is None and not is_entry(cursor)):
        return None
    if entry.previous is None:
        return VerdictsMissedError.unknown(cursor, first=entry.cursor, resume=START)
    here, before = position(cursor), position(entry.previous)
    if before > here:
        return VerdictsMissedError.removed(cursor, first=entry.cursor, resume=entry.previous)
    if before < here and is_entry(cursor):
        return VerdictsMissedError.unknown(cursor, first=entry.cursor, resume=entry.previous)
    return None


def missed_behind(last: str, cursor: str) -> VerdictsMissedError | None:
    """Return what is to be said where a stream, by the id that it gave out last, never came to the cursor's entry."""
    if is_entry(cursor) and position(last) < position(cursor):
        return VerdictsMissedError.unknown(cursor, first=None, resume=last)
    return None
