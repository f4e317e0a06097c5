"""Picture files in the printers' folder: exactly the bytes that ingest saw, or the reason why not."""

import hashlib
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from layerwatch.errors import UnreadablePictureError, UnsafePathError
from layerwatch.job import CaptureMessage
from layerwatch.paths import inside

MAX_FILE_BYTES = 512 * 1024 * 1024

Locate = Callable[[str], Path]
Fetch = Callable[[CaptureMessage], bytes]


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """The folder that the printers write into, as this machine sees it."""

    root: Path

    def locate(self, relative: str) -> Path:
        """Return where a picture lies.

        Raises:
            UnsafePathError: it would lie outside.
            OSError: nothing at all is in the folder: a share that is away looks like this.
        """
        path = inside(self.root, relative)
        if not path.exists() and not self._holds_anything():
            raise OSError(f"{self.root} is empty or away; is the printers' folder mounted?")
        return path

    def _holds_anything(self) -> bool:
        return self.root.is_dir() and any(self.root.iterdir())


def fetch_file(capture: CaptureMessage, *, locate: Locate) -> bytes:
    """Return the bytes of a picture from its file.

    Args:
        capture: what a message says of it.
        locate: turns a path of a message into one on this machine, or raises UnsafePathError.

    Raises:
        UnreadablePictureError: the file is not what it was, and no second look will help.
        OSError: it cannot be read now; trying again may help.
    """
    name = PurePosixPath(capture.path).name
    try:
        content = read_file(locate(capture.path))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UnreadablePictureError(
            capture.path, reason=f"{name} is gone; it was there when the layer was queued"
        ) from error
    except UnsafePathError as error:
        raise UnreadablePictureError(capture.path, reason=str(error)) from error
    if not is_content(content, capture):
        raise UnreadablePictureError(
            capture.path, reason=f"{name} changed while it waited; the new content is a revision of its own"
        )
    return content


def is_content(content: bytes, capture: CaptureMessage) -> bool:
    """Return whether these are the bytes that ingest saw."""
    return hashlib.sha256(content).hexdigest() == capture.sha256


def read_file(path: Path, *, most: int = MAX_FILE_BYTES) -> bytes:
    """Return the bytes of a picture file of at most so many.

    Raises:
        UnreadablePictureError: it is not a regular file, or too large.
        OSError: the file cannot be read now.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UnreadablePictureError(path, reason="it is not a regular file")
    content = b""
    if status.st_size <= most:
        with path.open("rb") as file:
            content = file.read(most + 1)
    if max(status.st_size, len(content)) > most:
        raise UnreadablePictureError(path, reason=f"the file is larger than {most >> 20} MiB")
    return content
