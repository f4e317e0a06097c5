"""Trims the verdict stream by age and length, and never what the history has not written yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from redis import Redis

from layerwatch.verdict_stream import STREAM

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """How long verdicts stay in the stream, and how many; None leaves it to the workers."""

    age: timedelta | None = None
    entries: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed:
    """How many entries were removed from the stream, or would be, and how many are left."""

    removed: int
    left: int


def trim(client: Redis, limits: StreamLimits, *, written: str, now: datetime, dry_run: bool = False) -> Trimmed:
    """Remove the oldest entries before the one that the history has written last, which stays.

    `written` is the stream id of that one; where the stream does not hold it, nothing is removed.

    Raises:
        RedisError: Redis does not answer.
    """
    length = client.xlen(STREAM)
    if (limits.age is None and limits.entries is None) or not client.xrange(STREAM, written, written):
        return Trimmed(removed=0, left=length)
    oldest = 0.0 if limits.age is None else (now - limits.age).timestamp() * 1000
    excess = 0 if limits.entries is None else max(0, length - limits.entries)
    removed, first_kept = 0, written
    for entry in _ids(client, until=written):
        first_kept = entry
        if entry == written or (removed >= excess and int(entry.partition("-")[0]) >= oldest):
            break
        removed += 1
    if removed and not dry_run:
        removed = client.xtrim(STREAM, minid=first_kept, approximate=False)
    return Trimmed(removed=removed, left=length - removed)


def _ids(client: Redis, *, until: str) -> Iterator[str]:
    begin = "-"
    while page := cast("list[Any]", client.xrange(STREAM, begin, until, count=PAGE)):
        for name, _ in page:
            yield name.decode()
        begin = f"({page[-1][0].decode()}"
