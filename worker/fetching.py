"""Where the bytes of a picture come from: from its file, or from Redis where ingest sent them with the job."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from redis.exceptions import RedisError

from layerwatch.errors import UnreadablePictureError
from layerwatch.job import CaptureMessage
from layerwatch.pictures import Locate, fetch_file, is_content
from layerwatch.ports import PictureStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFetcher:
    """Fetches pictures as their messages say.

    Attributes:
        store: holds those that were sent with their bytes.
        locate: turns a path of a message into one on this machine, or raises UnsafePathError.
    """

    store: PictureStore
    locate: Locate

    def __call__(self, capture: CaptureMessage) -> bytes:
        """Return exactly the bytes that ingest saw.

        Raises:
            UnreadablePictureError: there is no such picture any more, or ingest could not send it.
            OSError: it cannot be had now; trying again may help.
        """
        if capture.problem:
            raise UnreadablePictureError(capture.path, reason=capture.problem)
        if capture.sent == "path":
            return fetch_file(capture, locate=self.locate)
        content = self._sent(capture)
        return self._file_instead(capture) if content is None else content

    def _sent(self, capture: CaptureMessage) -> bytes | None:
        try:
            content = self.store.get(capture.sha256)
        except RedisError as error:
            raise OSError(f"Redis does not hand out {PurePosixPath(capture.path).name}: {error}") from error
        return content if content is not None and is_content(content, capture) else None

    def _file_instead(self, capture: CaptureMessage) -> bytes:
        """Return the bytes from the file, where this machine has it; otherwise only ingest can help."""
        try:
            return fetch_file(capture, locate=self.locate)
        except (UnreadablePictureError, OSError) as error:
            raise OSError(
                f"{PurePosixPath(capture.path).name} is neither in Redis nor below SOURCES_DIR; a running ingest sends "
                "it again, and where it is given up on: python -m ingest quarantine retry"
            ) from error
