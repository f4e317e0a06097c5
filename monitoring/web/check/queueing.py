"""Uploaded pictures go into Redis, and their inspection on the queue that all layers go through."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from redis import Redis
from redis.exceptions import OutOfMemoryError

from layerwatch.job import InspectLayer
from layerwatch.redis_pictures import RedisPictures
from layerwatch.redis_queue import RedisQueue
from monitoring.redis_metrics import workers_seen
from monitoring.web.check.pictures import Picture
from monitoring.web.check.refusal import UploadRefusedError

KEPT_SECONDS: Final = 24 * 3600.0  # a person waits, and not for days
NO_WORKER: Final = "no worker runs; start `python -m worker run`, and send the pictures again"
NO_ROOM: Final = "as many pictures wait in Redis as may; send these again when workers have inspected some"


class CheckQueue:
    """Hands checks to the workers; all of it talks to Redis, and belongs into threads."""

    def __init__(self, client: Redis, *, room_bytes: int) -> None:
        self._redis = client
        self._pictures = RedisPictures(client, limit_bytes=room_bytes, ttl_seconds=KEPT_SECONDS)
        self._queue = RedisQueue(client)

    def why_nobody_inspects(self) -> str:
        """Return why no worker on any machine would inspect an upload now, in words; empty if one would."""
        reasons = [worker.cannot_write for worker in workers_seen(self._redis, datetime.now(UTC)) if worker.lives]
        if not reasons:
            return NO_WORKER
        return f"no worker can write what it finds, send the pictures again later: {reasons[0]}" if all(reasons) else ""

    def refuse_without_workers(self) -> None:
        """Raise if nobody would inspect an upload now: who sends one waits for it.

        Raises:
            UploadRefusedError: no worker says that it lives, or none can write what it finds.
        """
        if why_not := self.why_nobody_inspects():
            raise UploadRefusedError(why_not, status=HTTPStatus.SERVICE_UNAVAILABLE)

    def put(self, message: InspectLayer, pictures: Sequence[Picture]) -> None:
        """Queue an inspection behind its pictures: ahead of a backlog, not of layers that are being printed.

        One picture at a time is in memory.

        Raises:
            UploadRefusedError: there is no room for the pictures.
        """
        try:
            sizes = {picture.sha256: picture.size for picture in pictures}
            if not self._pictures.reserve(message.id, sizes, live=message.live):
                raise UploadRefusedError(NO_ROOM, status=HTTPStatus.SERVICE_UNAVAILABLE)
            for picture in pictures:
                self._pictures.put(picture.sha256, picture.sent.content())
            self._queue.enqueue(message, ahead=self._queue.ends_in_backlog())
        except OutOfMemoryError as error:
            raise UploadRefusedError(NO_ROOM, status=HTTPStatus.SERVICE_UNAVAILABLE) from error
