"""What ingest says of its sources, in Redis."""

from typing import cast

import structlog
from redis import Redis

from layerwatch.errors import WireError
from layerwatch.source_state import SourceState

SOURCES = "layerwatch:sources"  # hash: printer -> SourceState

log = structlog.get_logger()


class RedisSources:
    """SourceBoard on one Redis."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    def report(self, state: SourceState) -> None:
        self._redis.hset(SOURCES, state.printer, state.to_json())

    def states(self) -> tuple[SourceState, ...]:
        texts = cast("dict[bytes, bytes]", self._redis.hgetall(SOURCES))
        return tuple(state for _, text in sorted(texts.items()) if (state := _read(text)) is not None)


def _read(text: bytes) -> SourceState | None:
    try:
        return SourceState.from_json(text)
    except WireError as error:
        log.warning("source_state_unreadable", error=str(error))
        return None
