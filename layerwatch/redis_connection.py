"""How every role reaches Redis: one server, or the master that sentinels name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.connection import parse_url
from redis.credentials import UsernamePasswordCredentialProvider
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

from layerwatch.errors import QueueUnavailableError
from layerwatch.redis_address import SentinelAddress, sentinel_address

# What a role waits out: the server is away, loads its file, is being replaced, or is no master any more.
UNAVAILABLE = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, MasterDownError)
SENTINEL_TIMEOUT_SECONDS = 1.0  # one that hangs must not keep the next from being asked


def connect(url: str, *, retries: int = 3, timeout_seconds: float = 30.0) -> Redis:
    """Return a client; nothing is sent before its first command.

    Args:
        url: as in REDIS_URL, see `sentinel_address`. Sentinels are asked anew for each connection, so that the client
            follows the master.
        retries: how often a command is tried again, with growing pauses, before it raises one of UNAVAILABLE.
        timeout_seconds: for an answer.
    """
    retry = Retry(ExponentialBackoff(cap=2.0, base=0.05), retries)
    options = _options(timeout_seconds) | {"retry": retry, "retry_on_error": list(UNAVAILABLE)}
    address = sentinel_address(url)
    if address is None:
        return Redis.from_url(url, **options)
    asked = _of_sentinels(address) | {"retry": Retry(NoBackoff(), 0)}
    sentinel = Sentinel(address.sentinels, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    client: Redis = sentinel.master_for(address.service, **options, **_of_master(address))  # type: ignore[no-untyped-call]
    return client


def connect_async(url: str, *, timeout_seconds: float = 30.0) -> AsyncRedis:
    """Return an asynchronous client whose commands are not tried again."""
    never = {"retry": AsyncRetry(NoBackoff(), 0)}
    options = _options(timeout_seconds) | never
    address = sentinel_address(url)
    if address is None:
        return AsyncRedis.from_url(url, **options)
    asked = _of_sentinels(address) | never
    sentinel = AsyncSentinel(address.sentinels, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    client: AsyncRedis = sentinel.master_for(address.service, **options, **_of_master(address))
    return client


def _options(timeout_seconds: float) -> dict[str, Any]:
    return {
        "socket_connect_timeout": min(5.0, timeout_seconds),
        "socket_timeout": timeout_seconds,
        "socket_keepalive": True,
        "health_check_interval": 30,
    }


def _of_master(address: SentinelAddress) -> dict[str, Any]:
    options: dict[str, Any] = parse_url(address.master_url)  # type: ignore[no-untyped-call]
    login = _login(options.pop("username", ""), options.pop("password", ""))
    is_encrypted = options.pop("connection_class", None) is not None
    del options["host"]
    return options | login | ({"ssl": True} if is_encrypted else {})


def _of_sentinels(address: SentinelAddress) -> dict[str, Any]:
    encryption = {name: value for name, value in _of_master(address).items() if name.startswith("ssl")}
    timeouts = {"socket_connect_timeout": SENTINEL_TIMEOUT_SECONDS, "socket_timeout": SENTINEL_TIMEOUT_SECONDS}
    return timeouts | encryption | _login(address.username, address.password)


def _login(username: str, password: str) -> dict[str, Any]:
    """Return what logs in; a provider does not show it in errors that name the client."""
    return {"credential_provider": UsernamePasswordCredentialProvider(username, password)} if password else {}


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
