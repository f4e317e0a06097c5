"""Follows the stream for the page: fills the window, counts, and wakes who waits."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from layerwatch.errors import VerdictsMissedError, WireError
from layerwatch.redis_connection import connect_async
from layerwatch.results import AsyncSubscription, Watch
from layerwatch.verdict_stream import START, STREAM, Entry, entries_of
from monitoring.metrics import VerdictMetrics
from monitoring.rows import row_of
from monitoring.web.live.bell import Bell
from monitoring.web.live.window import Seen, Window

log = structlog.get_logger(__name__)

LOADED_AT_ONCE = 200  # verdicts
PAUSE_SECONDS = 1.0  # before the window is loaded again


def connect_for_feed(url: str) -> Redis:
    """Return an asynchronous client; the feed itself tries again, so that the page can say what is wrong."""
    return connect_async(url, timeout_seconds=10)


class Feed(Watch):
    """The one reader of the stream in this process.

    Attributes:
        window: the latest verdicts.
        loaded: whether the window was filled once.
        answers: whether Redis answered the last time, None before the first attempt; `since` when that began.
        closing: whether the server stops, so that open event streams have to end.
    """

    def __init__(self, client: Redis, *, size: int, metrics: VerdictMetrics, bell: Bell) -> None:
        self._redis = client
        self._size = size
        self._metrics = metrics
        self._bell = bell
        self.window = Window(size)
        self.loaded = False
        self.answers: bool | None = None
        self.since = datetime.now(UTC)
        self.closing = False

    async def run(self) -> None:
        """Read for ever; whatever Redis raises is waited out."""
        while not self.loaded:
            try:
                cursor = await self._load()
            except RedisError as error:
                self.away(error)
                await asyncio.sleep(PAUSE_SECONDS)
        async for entries in AsyncSubscription(self._redis, after=cursor, watch=self).batches():
            for seen in await asyncio.to_thread(_read_bodies, entries):
                self.window.add(seen)
                self._metrics.count(seen.row)
            self._bell.ring()

    def away(self, error: RedisError) -> None:
        self._set_answers(answers=False, reason=type(error).__name__)

    def back(self) -> None:
        self._set_answers(answers=True)

    def missed(self, error: VerdictsMissedError) -> None:
        """Show what there is from now on; what was shown before does not go on in it."""
        log.warning("verdicts_missed", after=error.after, first=error.first, error=str(error))
        self.window.fill([], floor=error.resume)
        self._bell.ring()

    def change(self) -> asyncio.Event:
        """Return an event that is set at the next change; take it before looking at the window."""
        return self._bell.next()

    def close(self) -> None:
        """Let all open event streams end."""
        self.closing = True
        self._bell.ring()

    async def _load(self) -> str:
        """Fill the window with the latest verdicts, and return the cursor behind them."""
        newest_first: list[Seen] = []
        before, last = "+", START
        while len(newest_first) <= self._size:
            raw = cast("list[Any]", await self._redis.xrevrange(STREAM, max=before, count=LOADED_AT_ONCE))
            entries = entries_of(raw)
            if not entries:
                break
            last = entries[0].cursor if before == "+" else last
            before = f"({entries[-1].cursor}"
            newest_first += await asyncio.to_thread(_read_bodies, entries)
        kept = newest_first[: self._size]
        self.window.fill(kept[::-1], floor=newest_first[self._size].cursor if len(newest_first) > self._size else START)
        self.loaded = True
        self._set_answers(answers=True)
        self._bell.ring()
        return last

    def _set_answers(self, *, answers: bool, reason: str = "") -> None:
        if self.answers == answers:
            return
        self.answers = answers
        self.since = datetime.now(UTC)
        if answers:
            log.info("redis_answers")
        else:
            log.warning("redis_away", reason=reason)
        self._bell.ring()


def _read_bodies(entries: list[Entry]) -> list[Seen]:
    """Return what can be read of a batch; called in a thread, because large bodies take a while."""
    found = []
    for entry in entries:
        try:
            row = row_of(entry.verdict())
        except WireError as error:
            log.warning("verdict_unreadable", cursor=entry.cursor, error=str(error))
            continue
        found.append(Seen(cursor=entry.cursor, body=entry.body, row=row))
    return found
