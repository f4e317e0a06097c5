"""The client of the results: every verdict in order, from wherever a reader was, and a word where some are gone.

    for entry in subscribe("redis://127.0.0.1:6379/0", after=START):
        print(entry.cursor, entry.verdict().decision)

Keep `entry.cursor` together with what you made of the entry, and begin behind it the next time: docs/subscribing.md.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from typing import Any, cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError, ResponseError

from layerwatch.errors import CursorError, VerdictsMissedError
from layerwatch.redis_connection import connect, connect_async
from layerwatch.stream_course import Course, Watch
from layerwatch.verdict_stream import NOTHING, START, STREAM, Entry, entries_of, is_entry

__all__ = [
    "START",
    "AsyncSubscription",
    "CursorError",
    "Entry",
    "Subscription",
    "VerdictsMissedError",
    "Watch",
    "subscribe",
    "subscribe_async",
]

BATCH = 200
QUIET_SECONDS = 2.0  # then the stream is asked for its end; below the 5 s after which redis-py gives a socket up


def subscribe(url: str, *, after: str | None = None, watch: Watch | None = None) -> "Subscription":
    """Return a subscription to the Redis at a URL as in REDIS_URL; `Subscription` says what the arguments are.

    Raises:
        CursorError: `after` is no cursor.
        SettingsError: the URL cannot be read.
    """
    return Subscription(connect(url, retries=0), after=after, watch=watch)


def subscribe_async(url: str, *, after: str | None = None, watch: Watch | None = None) -> "AsyncSubscription":
    """Return a subscription for `async for`; see `subscribe`."""
    return AsyncSubscription(connect_async(url), after=after, watch=watch)


class Subscription:
    """Yields entries in order, for ever; whatever Redis raises is waited out.

    After an error of its watch it can be iterated again, and goes on at its cursor.

    Args:
        client: does not decode responses.
        after: the cursor of the entry that was read last; START for all that is kept; a time in milliseconds; None
            for what is published once Redis answered.
        watch: hears of trouble; by default that is logged, and missed verdicts raise VerdictsMissedError.
    """

    def __init__(self, client: Redis, *, after: str | None = None, watch: Watch | None = None) -> None:
        self._redis = client
        self._course = Course(after, watch)

    @property
    def cursor(self) -> str | None:
        """Where it is: behind the entry that it yielded last; None as long as nothing says where new ones begin."""
        return self._course.cursor

    @cursor.setter
    def cursor(self, cursor: str) -> None:
        self._course.go_to(cursor)

    def __iter__(self) -> Iterator[Entry]:
        while True:
            try:
                yield from self.until_quiet(QUIET_SECONDS)
            except RedisError as error:
                time.sleep(self._course.leave(error))

    def until_quiet(self, seconds: float) -> Iterator[Entry]:
        """Yield entries until none came for so long; what Redis raises is raised."""
        while entries := self.batch(seconds):
            for entry in entries:
                self._course.cursor = entry.cursor
                yield entry

    def batch(self, seconds: float) -> list[Entry]:
        """Return the next entries, at most BATCH, none if none came for so long; its cursor stays where it is."""
        if not self._course.is_known:
            self._course.arrive(self.end())
        cursor = self._course.cursor or NOTHING
        entries = _entries(self._redis.xread({STREAM: cursor}, count=BATCH, block=_milliseconds(seconds)))
        if _is_doubtful(entries, cursor) and self._redis.xrange(STREAM, cursor, cursor):
            entries[0] = replace(entries[0], previous=cursor)
        return self._course.take(entries)

    def end(self) -> str:
        """Return the id that the stream gave out last; trimming does not change it."""
        try:
            return _end(self._redis.xinfo_stream(STREAM))
        except ResponseError as error:
            return _end_of_none(error)

    def close(self) -> None:
        """Close the connections of its client."""
        self._redis.close()


class AsyncSubscription:
    """A Subscription for `async for`."""

    def __init__(self, client: AsyncRedis, *, after: str | None = None, watch: Watch | None = None) -> None:
        self._redis = client
        self._course = Course(after, watch)

    @property
    def cursor(self) -> str | None:
        return self._course.cursor

    @cursor.setter
    def cursor(self, cursor: str) -> None:
        self._course.go_to(cursor)

    async def __aiter__(self) -> AsyncGenerator[Entry, None]:
        async for entries in self.batches():
            for entry in entries:
                self._course.cursor = entry.cursor
                yield entry

    async def batches(self) -> AsyncGenerator[list[Entry], None]:
        """Yield entries as Redis hands them out, at most BATCH at a time, for readers whose every step costs much."""
        while True:
            try:
                entries = await self._batch()
            except RedisError as error:
                await asyncio.sleep(self._course.leave(error))
                continue
            if entries:
                self._course.cursor = entries[-1].cursor
                yield entries

    async def end(self) -> str:
        try:
            return _end(await self._redis.xinfo_stream(STREAM))
        except ResponseError as error:
            return _end_of_none(error)

    async def aclose(self) -> None:
        await self._redis.aclose()

    async def _batch(self) -> list[Entry]:
        if not self._course.is_known:
            self._course.arrive(await self.end())
        cursor = self._course.cursor or NOTHING
        answer = await self._redis.xread({STREAM: cursor}, count=BATCH, block=_milliseconds(QUIET_SECONDS))
        entries = _entries(answer)
        if _is_doubtful(entries, cursor) and await self._redis.xrange(STREAM, cursor, cursor):
            entries[0] = replace(entries[0], previous=cursor)
        return self._course.take(entries)


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))  # 0 would block for ever


def _entries(answer: object) -> list[Entry]:
    return entries_of(cast("list[Any]", answer)[0][1]) if answer else []


def _is_doubtful(entries: list[Entry], cursor: str) -> bool:
    """Whether only the entry at the cursor, if it is still there, can say that the next one follows it."""
    return bool(entries) and entries[0].previous is None and is_entry(cursor)


def _end(about: object) -> str:
    return cast("dict[str, bytes]", about)["last-generated-id"].decode()


def _end_of_none(error: ResponseError) -> str:
    if "no such key" not in str(error):
        raise error
    return NOTHING
