"""Events in Redis: a stream that keeps them, a channel that announces them, and which were told."""

from collections.abc import Iterator
from typing import Any, cast

import structlog
from redis import Redis

from layerwatch.errors import WireError
from layerwatch.events import Event

log = structlog.get_logger(__name__)

EVENT_STREAM = "layerwatch:events"  # stream and pub/sub channel have the same name and the same bodies
EVENT_CHANNEL = "layerwatch:events"
TOLD = "layerwatch:events:told"  # hash: event id -> stream id
EVENT_BODY = "event"  # the only field of a stream entry
BATCH = 500

# One script is one atomic step, as for verdicts: an event is told once, whoever tries again.
PUBLISH = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return false end
local entry = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', ARGV[4], ARGV[2])
redis.call('HSET', KEYS[1], ARGV[1], entry)
redis.call('PUBLISH', KEYS[2], ARGV[2])
return entry
"""


class RedisEvents:
    """EventChannel on Redis."""

    def __init__(self, client: Redis, *, keep: int = 10_000) -> None:
        """Keep about so many events in the stream; that they were told is remembered of all."""
        self._redis = client
        self._keep = keep
        self._publish = client.register_script(PUBLISH)

    def publish(self, event: Event) -> bool:
        entry = self._publish(keys=[TOLD, EVENT_STREAM], args=[event.id, event.to_json(), self._keep, EVENT_BODY])
        return entry is not None

    def since(self, cursor: str, *, wait_seconds: float) -> Iterator[tuple[str, Event]]:
        block = max(1, int(wait_seconds * 1000))  # 0 would block for ever
        while answer := cast("list[Any]", self._redis.xread({EVENT_STREAM: cursor}, count=BATCH, block=block)):
            for entry, fields in answer[0][1]:
                cursor = entry.decode()
                try:
                    yield cursor, Event.from_json(fields.get(EVENT_BODY.encode(), b""))
                except WireError as error:
                    log.warning("event_unreadable", entry=cursor, error=str(error))

    def latest_cursor(self) -> str:
        last = cast("list[Any]", self._redis.xrevrange(EVENT_STREAM, count=1))
        return last[0][0].decode() if last else "0"
