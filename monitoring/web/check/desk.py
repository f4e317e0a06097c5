"""Takes uploads in: few at a time, checked in a thread, and queued."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import Request
from redis import Redis

from layerwatch.job import InspectLayer
from monitoring.settings import MonitoringSettings
from monitoring.web.check.kinds import Kinds, kinds_of
from monitoring.web.check.message import message_about
from monitoring.web.check.pictures import Sent, read_set
from monitoring.web.check.queueing import CheckQueue
from monitoring.web.check.refusal import UploadRefusedError
from monitoring.web.check.upload import Upload, reading

MOST_UPLOADS: Final = 8  # at once; they lie on this machine's disk meanwhile

log = structlog.get_logger(__name__)


class CheckDesk:
    """Where people hand in layers.

    Attributes:
        kinds: of printers that they may come from.
        queue: that their inspections go to.
    """

    def __init__(self, kinds: Kinds, queue: CheckQueue, *, most_bytes: int) -> None:
        """Take uploads of at most so many bytes of pictures."""
        self.kinds = kinds
        self.queue = queue
        self._most_bytes = most_bytes
        self._uploads = 0
        self._one = CapacityLimiter(1)  # one picture is unpacked at a time, which bounds memory

    async def take(self, request: Request, note: Callable[[str], None]) -> tuple[str, float]:
        """Queue what a request uploads; return the id of the inspection, and how long the sender waits for it.

        Args:
            request: its body has not been read.
            note: takes the id before anything is queued, in a thread; if it raises, nothing is.

        Raises:
            UploadRefusedError: it is not taken, and nothing is queued.
        """
        with self._place():
            await asyncio.to_thread(self.queue.refuse_without_workers)
            async with reading(request, self.kinds, most_bytes=self._most_bytes) as upload:
                # Not given up where the sender leaves: the files would be closed while the thread reads them.
                message = await to_thread.run_sync(self._queue_up, upload, note, limiter=self._one)
        log.info("check_queued", id=message.id, pictures=len(message.captures), profile=upload.profile.name)
        return message.id, upload.wait

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._uploads >= MOST_UPLOADS:
            raise UploadRefusedError(
                f"{MOST_UPLOADS} uploads are underway; try again in a moment", status=HTTPStatus.SERVICE_UNAVAILABLE
            )
        self._uploads += 1
        try:
            yield
        finally:
            self._uploads -= 1

    def _queue_up(self, upload: Upload, note: Callable[[str], None]) -> InspectLayer:
        sent = [
            Sent(name=name, light=light, file=file.file)
            for name, light, file in zip(upload.names, upload.lights, upload.files, strict=True)
        ]
        pictures = read_set(sent, bits=upload.profile.bits)
        message = message_about(
            pictures, profile=upload.profile, stage=upload.stage, now=datetime.now(UTC), suffix=secrets.token_hex(3)
        )
        note(message.id)
        self.queue.put(message, pictures)
        return message


def desk_of(settings: MonitoringSettings, redis: Redis) -> CheckDesk:
    """Return the desk that the settings describe.

    Raises:
        ProfileError: MONITORING_CHECK_PROFILE is unknown or wrong.
    """
    return CheckDesk(
        kinds_of(settings.check_profile),
        CheckQueue(redis, room_bytes=settings.check_room_mb << 20),
        most_bytes=settings.max_upload_mb * 1_000_000,
    )
