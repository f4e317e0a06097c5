"""Pictures by value: the bytes of a layer set go into Redis before its job, for workers that see no share."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from ingest.assembly import Emission
from ingest.examine import FORBIDDEN
from layerwatch.errors import LayerwatchError, UnreadablePictureError, UnsafePathError
from layerwatch.job import CaptureMessage, InspectLayer
from layerwatch.pictures import Locate, fetch_file
from layerwatch.ports import Ledger, PictureStore


class NoRoomError(LayerwatchError):
    """As many bytes of pictures lie in Redis as may; there will be room when workers have inspected some."""


class Sender(Protocol):
    """How pictures get to the workers."""

    def send(self, message: InspectLayer) -> InspectLayer:
        """Return the message as it is to be queued, with its pictures where it says that they are.

        Raises:
            NoRoomError: there is no room for them now.
            OSError: one cannot be read now: the share stalls, or is away.
        """
        ...

    def keep(self, inspection_id: str, emission: Callable[[], Emission | None], ledger: Ledger) -> None:
        """See to it that the pictures of a job that waits do not end before it.

        Args:
            inspection_id: of the job.
            emission: gives the layer set as it is known now; asked only where pictures have to be sent again.
            ledger: says whether the job was done meanwhile.
        """
        ...

    def held_bytes(self) -> int:
        """Return how many bytes of pictures lie in Redis."""
        ...


class ByPath:
    """Sends paths alone: the workers see the printers' folder."""

    def send(self, message: InspectLayer) -> InspectLayer:
        return message

    def keep(self, inspection_id: str, emission: Callable[[], Emission | None], ledger: Ledger) -> None:
        """Nothing ends."""

    def held_bytes(self) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ByValue:
    """Puts the bytes of pictures where workers without the printers' folder find them.

    Attributes:
        store: takes them.
        locate: returns where a path of a message lies on this machine.
        largest_bytes: a larger picture is not sent.
    """

    store: PictureStore
    locate: Locate
    largest_bytes: int

    def send(self, message: InspectLayer) -> InspectLayer:
        """Return the message that says of each picture that it lies there, or why it could not be sent.

        One that is gone, has changed or is too large makes the verdict invalid. One picture at a time is in memory.

        Raises:
            NoRoomError: there is no room for them now.
            OSError: one cannot be read now: the share stalls, or is away.
        """
        captures = self._send_all(message.id, message.captures, live=message.live)
        return message.model_copy(update={"captures": captures})

    def keep(self, inspection_id: str, emission: Callable[[], Emission | None], ledger: Ledger) -> None:
        if self.store.keep(inspection_id):
            return
        known = emission()
        if known is None or known.layer_set.inspection_id != inspection_id:
            return  # the pictures of an older revision are no longer there to be sent
        captures = [CaptureMessage.of(capture) for capture in known.layer_set.captures]
        with suppress(NoRoomError, OSError):  # the next audit tries again
            self._send_all(inspection_id, captures, live=known.live)
        if ledger.is_published(inspection_id):  # meanwhile: its worker discarded them already
            self.store.discard(inspection_id)

    def held_bytes(self) -> int:
        return self.store.held_bytes()

    def _send_all(
        self, inspection_id: str, captures: Sequence[CaptureMessage], *, live: bool
    ) -> tuple[CaptureMessage, ...]:
        sizes = {capture.sha256: self._size(capture) for capture in captures}
        fitting = {sha256: size for sha256, size in sizes.items() if size <= self.largest_bytes}
        if not self.store.reserve(inspection_id, fitting, live=live):
            raise NoRoomError("no room for more pictures in Redis; see INGEST_SEND_LIMIT_MB")
        return tuple(self._send(capture, sizes[capture.sha256]) for capture in captures)

    def _size(self, capture: CaptureMessage) -> int:
        """Return the bytes of a picture, 0 of one that cannot be sent."""
        try:
            return self.locate(capture.path).stat().st_size
        except (FileNotFoundError, NotADirectoryError, UnsafePathError):
            return 0
        except OSError as error:
            if error.errno in FORBIDDEN:
                return 0
            raise

    def _send(self, capture: CaptureMessage, size: int) -> CaptureMessage:
        problem = self._put(capture) if size <= self.largest_bytes else self._too_large(capture, size)
        return capture.model_copy(update={"sent": "bytes", "problem": problem})

    def _put(self, capture: CaptureMessage) -> str:
        """Put a picture there, exactly as it was hashed; return why not, empty if it is there."""
        try:
            self.store.put(capture.sha256, fetch_file(capture, locate=self.locate))
        except UnreadablePictureError as error:
            return error.reason
        except OSError as error:
            if error.errno in FORBIDDEN:
                return f"the file cannot be read: {error.strerror}"
            raise
        return ""

    def _too_large(self, capture: CaptureMessage, size: int) -> str:
        return (
            f"{PurePosixPath(capture.path).name} has {size / (1 << 20):.1f} MiB, and only "
            f"{self.largest_bytes / (1 << 20):.1f} MiB go through Redis; raise INGEST_SEND_LARGEST_MB"
        )
