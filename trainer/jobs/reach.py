"""Redis for a command that somebody waits for: where it is away, one line says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis

from layerwatch.errors import QueueUnavailableError
from layerwatch.redis_connection import UNAVAILABLE, connect
from trainer.jobs.settings import JobSettings


@contextmanager
def reach_redis(settings: JobSettings) -> Iterator[Redis]:
    """Yield a client.

    Raises:
        QueueUnavailableError: Redis does not answer while the block runs.
    """
    try:
        with connect(settings.redis_url, retries=1) as client:
            yield client
    except UNAVAILABLE as error:
        raise QueueUnavailableError("Redis does not answer: start it, or set REDIS_URL to where it is") from error
