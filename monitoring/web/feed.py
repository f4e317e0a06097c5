"""Follows the stream for the page: fills the window, counts, and wakes who waits."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from layerwatch.errors import WireError
from layerwatch.redis_connection import connect_async
from layerwatch.redis_results import STREAM
from layerwatch.verdict import Verdict
from monitoring.metrics import VerdictMetrics
from monitoring.rows import row_of
from monitoring.stream import BATCH, START, Entry, entries_of
from monitoring.web.state import Seen, Window

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 3.0
BLOCK_MILLISECONDS = 5000


def connect_for_feed(url: str) -> Redis:
    """Return an asynchronous client; the feed itself tries again, so that the page can say what is wrong."""
    return connect_async(url, timeout_seconds=10)


class Feed:
    """The one reader of the stream in this process.

    Attributes:
        window: the latest verdicts.
        loaded: whether the window was filled once.
        answers: whether Redis answered the last time, None before the first attempt; `since` when that began.
        closing: whether the server stops, so that open event streams have to end.
    """

    def __init__(self, client: Redis, *, size: int, metrics: VerdictMetrics) -> None:
        self._redis = client
        self._size = size
        self._metrics = metrics
        self._changed = asyncio.Event()
        self.window = Window(size)
        self.loaded = False
        self._cursor = START
        self.answers: bool | None = None
        self.since = datetime.now(UTC)
        self.closing = False

    async def run(self) -> None:
        """Read for ever; whatever Redis raises is waited out."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._load_once()
                await self._read_batch()
                pause = FIRST_PAUSE_SECONDS
            except RedisError as error:
                self._set_answers(answers=False, reason=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)

    def change(self) -> asyncio.Event:
        """Return an event that is set at the next change; take it before looking at the window."""
        return self._changed

    def close(self) -> None:
        """Let all open event streams end."""
        self.closing = True
        self._notify()

    async def _load_once(self) -> None:
        if self.loaded:
            return
        newest_first: list[Seen] = []
        before, last = "+", START
        while len(newest_first) <= self._size:
            raw = cast("list[Any]", await self._redis.xrevrange(STREAM, max=before, count=BATCH))
            entries = entries_of(raw)
            if not entries:
                break
            last = entries[0].cursor if before == "+" else last
            before = f"({entries[-1].cursor}"
            newest_first += await asyncio.to_thread(_read_bodies, entries)
        kept = newest_first[: self._size]
        self.window.fill(kept[::-1], floor=newest_first[self._size].cursor if len(newest_first) > self._size else START)
        self._cursor = last
        self.loaded = True
        self._set_answers(answers=True)
        self._notify()

    async def _read_batch(self) -> None:
        # A short first wait notices at once that Redis is back; a long one costs nothing while it is.
        block = BLOCK_MILLISECONDS if self.answers else 1
        answer = cast("list[Any]", await self._redis.xread({STREAM: self._cursor}, count=BATCH, block=block))
        self._set_answers(answers=True)
        if not answer:
            return
        entries = entries_of(answer[0][1])
        for seen in await asyncio.to_thread(_read_bodies, entries):
            self.window.add(seen)
            self._metrics.count(seen.row)
        self._cursor = entries[-1].cursor
        self._notify()

    def _set_answers(self, *, answers: bool, reason: str = "") -> None:
        if self.answers == answers:
            return
        self.answers = answers
        self.since = datetime.now(UTC)
        if answers:
            log.info("redis_answers")
        else:
            log.warning("redis_away", reason=reason)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _read_bodies(entries: list[Entry]) -> list[Seen]:
    """Return what can be read of a batch; called in a thread, because large bodies take a while."""
    found = []
    for entry in entries:
        try:
            row = row_of(Verdict.from_json(entry.body))
        except WireError as error:
            log.warning("verdict_unreadable", cursor=entry.cursor, error=str(error))
            continue
        found.append(Seen(cursor=entry.cursor, body=entry.body, row=row))
    return found
