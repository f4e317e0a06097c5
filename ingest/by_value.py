"""The sender of pictures that the settings describe."""

from redis import Redis

from ingest.sending import ByValue
from ingest.settings import IngestSettings
from layerwatch.pictures import Locate
from layerwatch.redis_pictures import RedisPictures

MIB = 1 << 20


def sender_of(settings: IngestSettings, client: Redis, locate: Locate) -> ByValue:
    """Return what sends pictures with their bytes; `locate` says where a path of a message lies."""
    return ByValue(
        store=RedisPictures(
            client, limit_bytes=settings.send_limit_mb * MIB, ttl_seconds=float(settings.send_ttl_seconds)
        ),
        locate=locate,
        largest_bytes=settings.send_largest_mb * MIB,
    )
