"""Verdicts in Redis: a stream that keeps them, a channel that announces them, a ledger that counts each once."""

from collections.abc import Iterator
from typing import Any, cast

from redis import Redis

from layerwatch.layers import LayerKey
from layerwatch.results import Subscription
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import BODY, NOTHING, PREVIOUS, STREAM

CHANNEL = STREAM  # stream and pub/sub channel have the same name and the same bodies
LEDGER = "layerwatch:ledger"  # hash: inspection id -> stream id
REVISIONS = "layerwatch:revisions"  # hash: inspection id -> revision; layer key -> highest revision

# One script is one atomic step: no one sees a verdict in one of the three places and not in the others.
PUBLISH = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return false end
local previous = ARGV[6]
if redis.call('EXISTS', KEYS[2]) == 1 then
  local about = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #about, 2 do
    if about[i] == 'last-generated-id' then previous = about[i + 1] end
  end
end
local entry = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', ARGV[4], ARGV[2], ARGV[5], previous)
redis.call('HSET', KEYS[1], ARGV[1], entry)
redis.call('PUBLISH', KEYS[2], ARGV[2])
return entry
"""
REVISION = """
local known = redis.call('HGET', KEYS[1], ARGV[2])
if known then return tonumber(known) end
local number = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('HSET', KEYS[1], ARGV[2], number)
return number
"""
RESTORE = """
redis.call('HSETNX', KEYS[1], ARGV[1], '0-0')
redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[3])
local highest = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or '0')
if tonumber(ARGV[3]) > highest then redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) end
"""


class RedisResults:
    """Ledger and ResultChannel on one Redis."""

    def __init__(self, client: Redis, *, keep: int = 100_000) -> None:
        """Keep about so many verdicts in the stream; the ledger and the artifacts remember all."""
        self._redis = client
        self._keep = keep
        self._publish = client.register_script(PUBLISH)
        self._revision = client.register_script(REVISION)
        self._restore = client.register_script(RESTORE)

    def publish(self, verdict: Verdict) -> bool:
        entry = self._publish(
            keys=[LEDGER, STREAM], args=[verdict.id, verdict.to_json(), self._keep, BODY, PREVIOUS, NOTHING]
        )
        return entry is not None

    def is_published(self, inspection_id: str) -> bool:
        return bool(self._redis.hexists(LEDGER, inspection_id))

    def revision(self, key: LayerKey, inspection_id: str) -> int:
        return int(cast("int", self._revision(keys=[REVISIONS], args=[str(key), inspection_id])))

    def restore(self, verdict: Verdict) -> None:
        self._restore(keys=[LEDGER, REVISIONS], args=[verdict.id, str(verdict.key), verdict.revision])

    def published(self, inspection_id: str) -> Verdict | None:
        entry = cast("bytes | None", self._redis.hget(LEDGER, inspection_id))
        found = [] if entry is None else cast("list[Any]", self._redis.xrange(STREAM, entry, entry))
        return Verdict.from_json(found[0][1][BODY.encode()]) if found else None

    def since(self, cursor: str, *, wait_seconds: float) -> Iterator[tuple[str, Verdict]]:
        for entry in Subscription(self._redis, after=cursor).until_quiet(wait_seconds):
            yield entry.cursor, entry.verdict()

    def latest_cursor(self) -> str:
        return Subscription(self._redis).end()
