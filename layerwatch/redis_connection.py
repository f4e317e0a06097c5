"""How every role reaches Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from layerwatch.errors import QueueUnavailableError

# What a role waits out: the server is away, loads its file, or is being replaced.
UNAVAILABLE = (RedisConnectionError, RedisTimeoutError)


def connect(url: str, *, retries: int = 3) -> Redis:
    """Return a client; nothing is sent before its first command.

    Args:
        url: redis://, rediss:// or unix://, as in REDIS_URL.
        retries: how often a command is tried again, with growing pauses, before it raises one of UNAVAILABLE.
    """
    return Redis.from_url(
        url,
        socket_connect_timeout=5,
        socket_timeout=30,
        socket_keepalive=True,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=2.0, base=0.05), retries),
        retry_on_error=list(UNAVAILABLE),
    )


@contextmanager
def reach_redis(url: str) -> Iterator[Redis]:
    """Yield a client for a command that somebody waits for.

    Raises:
        QueueUnavailableError: Redis does not answer while the block runs.
    """
    try:
        with connect(url, retries=1) as client:
            yield client
    except UNAVAILABLE as error:
        raise QueueUnavailableError("Redis does not answer: start it, or set REDIS_URL to where it is") from error


def answers(client: Redis) -> bool:
    """Return whether Redis answers a ping."""
    try:
        return bool(client.ping())
    except UNAVAILABLE:
        return False
