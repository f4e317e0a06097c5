"""Follows the stream of events for the page: what several layers say together, the latest of it in memory."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from layerwatch.errors import WireError
from layerwatch.events import Event
from layerwatch.layers import CHECK_PRINTER
from layerwatch.redis_events import EVENT_BODY, EVENT_STREAM
from layerwatch.verdict_stream import START, position
from monitoring.web.live.bell import Bell

log = structlog.get_logger(__name__)

KEPT = 500  # events
BLOCK_MILLISECONDS = 2000
PAUSE_SECONDS = 1.0

Entries = Sequence[tuple[bytes, dict[bytes, bytes]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of the stream: its id there, its exact body, and what that says."""

    cursor: str
    body: bytes
    event: Event


class ToldFeed:
    """The one reader of the events in this process.

    Attributes:
        cursor: stream id of the last event that was read, START before the first.
    """

    def __init__(self, client: Redis, bell: Bell) -> None:
        self._redis = client
        self._bell = bell
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self.cursor = START

    async def run(self) -> None:
        """Read for ever; whatever Redis raises is waited out, the verdicts' own reader says so."""
        while True:
            try:
                await self._turn()
            except RedisError:
                await asyncio.sleep(PAUSE_SECONDS)

    def after(self, cursor: str) -> list[Told]:
        """Return what was told behind a cursor, oldest first; of much the latest."""
        return [told for told in self._kept if position(told.cursor) > position(cursor)]

    async def _turn(self) -> None:
        if await self._was_wiped():
            self._kept.clear()
            self.cursor = START
            self._bell.ring()
        if self.cursor == START:
            newest = cast("Entries", await self._redis.xrevrange(EVENT_STREAM, count=KEPT))
            self._take(newest[::-1])
        answer = cast(
            "list[Any]", await self._redis.xread({EVENT_STREAM: self.cursor}, count=KEPT, block=BLOCK_MILLISECONDS)
        )
        self._take(answer[0][1] if answer else ())

    async def _was_wiped(self) -> bool:
        last = cast("Entries", await self._redis.xrevrange(EVENT_STREAM, count=1))
        return self.cursor != START and (not last or position(last[0][0].decode()) < position(self.cursor))

    def _take(self, entries: Entries) -> None:
        for name, fields in entries:
            self.cursor = name.decode()
            told = _read(self.cursor, fields.get(EVENT_BODY.encode(), b""))
            if told is not None and told.event.printer != CHECK_PRINTER:
                self._kept.append(told)
        if entries:
            self._bell.ring()


def _read(cursor: str, body: bytes) -> Told | None:
    try:
        return Told(cursor=cursor, body=body, event=Event.from_json(body))
    except WireError as error:
        log.warning("event_unreadable", entry=cursor, error=str(error))
        return None
