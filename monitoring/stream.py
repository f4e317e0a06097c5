"""The verdict stream as it is: bodies to the letter, each with its stream id."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis

from layerwatch.errors import LayerwatchError
from layerwatch.redis_results import BODY, STREAM

START = "0"
BATCH = 200
CURSOR = re.compile(r"\d{1,20}(-\d{1,20})?")


class CursorError(LayerwatchError):
    """The text is no id of a stream entry."""

    def __init__(self, text: str) -> None:
        super().__init__(f"expected a stream id such as 1763769600000-0, or 0 for the start, got {text!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One published verdict: its stream id, and its body as it was written."""

    cursor: str
    body: bytes


def position(cursor: str) -> tuple[int, int]:
    """Return a stream id as (milliseconds, number), which compares as the stream is ordered.

    Raises:
        CursorError: it is not a stream id.
    """
    if not CURSOR.fullmatch(cursor):
        raise CursorError(cursor)
    milliseconds, _, number = cursor.partition("-")
    return int(milliseconds), int(number or 0)


def entries_of(raw: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
    """Return what XREAD or XRANGE gave as entries; one without a body becomes an empty one, so that none is skipped."""
    return [Entry(cursor=name.decode(), body=(fields or {}).get(BODY.encode(), b"")) for name, fields in raw]


class VerdictStream:
    """Reads entries after a cursor; raises what redis raises."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    def latest_cursor(self) -> str:
        """Return the id of the last entry, or "0" while there is none."""
        last = entries_of(cast("list[Any]", self._redis.xrevrange(STREAM, count=1)))
        return last[0].cursor if last else START

    def after(self, cursor: str, *, wait_seconds: float) -> Iterator[Entry]:
        """Yield the entries after a cursor, in order; ends when none came for so long."""
        block = max(1, int(wait_seconds * 1000))  # 0 would block for ever
        while answer := cast("list[Any]", self._redis.xread({STREAM: cursor}, count=BATCH, block=block)):
            for entry in entries_of(answer[0][1]):
                cursor = entry.cursor
                yield entry
