"""Pictures in Redis: each content once, counted, for a while, and none longer than an inspection waits for it."""

from collections.abc import Mapping
from typing import Final, cast

from redis import Redis

from layerwatch.ports import BACKLOG_SHARE

PICTURE: Final = "layerwatch:picture:"  # + sha256: the bytes
UNTIL: Final = "layerwatch:pictures:until"  # sorted set: inspection id -> Unix time in ms until which they are kept
SIZES: Final = "layerwatch:pictures:sizes"  # hash: inspection id -> "SHA256=BYTES " for each of its pictures
USERS: Final = "layerwatch:pictures:users"  # hash: sha256 -> how many inspections wait for it; "bytes" -> of all
KEYS: Final = (UNTIL, SIZES, USERS)

# Each script is one atomic step: whoever dies in between, count and pictures stay true to each other.
DROP = f"""
local function drop(id)
  if redis.call('ZREM', KEYS[1], id) == 0 then return end
  for sha256, size in string.gmatch(redis.call('HGET', KEYS[2], id) or '', '(%x+)=(%d+)') do
    if redis.call('HINCRBY', KEYS[3], sha256, -1) <= 0 then
      redis.call('HDEL', KEYS[3], sha256)
      redis.call('HINCRBY', KEYS[3], 'bytes', 0 - size)
      redis.call('UNLINK', '{PICTURE}' .. sha256)
    end
  end
  redis.call('HDEL', KEYS[2], id)
end
"""
NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
RESERVE = f"""
{DROP} {NOW}
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do drop(old) end
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
  local more = 0
  for sha256, size in string.gmatch(ARGV[2], '(%x+)=(%d+)') do
    if redis.call('HEXISTS', KEYS[3], sha256) == 0 then more = more + size end
  end
  local held = tonumber(redis.call('HGET', KEYS[3], 'bytes') or '0')
  if held > 0 and more > 0 and held + more > tonumber(ARGV[4]) then return 0 end
  for sha256, size in string.gmatch(ARGV[2], '(%x+)=(%d+)') do
    if redis.call('HINCRBY', KEYS[3], sha256, 1) == 1 then redis.call('HINCRBY', KEYS[3], 'bytes', size) end
  end
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return 1
"""
KEEP = f"""
{NOW}
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0') <= now then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local whole = 1
for sha256 in string.gmatch(redis.call('HGET', KEYS[2], ARGV[1]), '(%x+)=') do
  if redis.call('PEXPIRE', '{PICTURE}' .. sha256, ARGV[2]) == 0 then whole = 0 end
end
return whole
"""
DISCARD = f"{DROP} drop(ARGV[1])"


class RedisPictures:
    """PictureStore on one Redis."""

    def __init__(self, client: Redis, *, limit_bytes: int = 1 << 30, ttl_seconds: float = 7 * 24 * 3600) -> None:
        """Room and time are for who puts pictures there; who only gets and discards them needs neither."""
        self._redis = client
        self._limit = limit_bytes
        self._ttl_ms = max(1, round(ttl_seconds * 1000))
        self._reserve = client.register_script(RESERVE)
        self._keep = client.register_script(KEEP)
        self._discard = client.register_script(DISCARD)

    def reserve(self, inspection_id: str, sizes: Mapping[str, int], *, live: bool) -> bool:
        pictures = " ".join(f"{sha256}={size}" for sha256, size in sizes.items())
        limit = self._limit if live else int(self._limit * BACKLOG_SHARE)
        return bool(self._reserve(keys=KEYS, args=[inspection_id, pictures, self._ttl_ms, limit]))

    def put(self, sha256: str, content: bytes) -> None:
        self._redis.set(f"{PICTURE}{sha256}", content, px=self._ttl_ms)

    def get(self, sha256: str) -> bytes | None:
        return cast("bytes | None", self._redis.get(f"{PICTURE}{sha256}"))

    def keep(self, inspection_id: str) -> bool:
        return bool(self._keep(keys=KEYS, args=[inspection_id, self._ttl_ms]))

    def discard(self, inspection_id: str) -> None:
        self._discard(keys=KEYS, args=[inspection_id])

    def held_bytes(self) -> int:
        return int(cast("bytes | None", self._redis.hget(USERS, "bytes")) or 0)
