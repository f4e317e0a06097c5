"""One look at a file that has been quiet: its digest, and whether it is a whole picture."""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import structlog

from ingest.settling import Stamp
from layerwatch.layers import Shape
from layerwatch.vision.containers.declared import ContainerError, IncompleteError
from layerwatch.vision.containers.sniff import declare

MAX_FILE_BYTES = 512 * 1024 * 1024
HEAD_BYTES = 1024 * 1024
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})  # waiting for the share does not help
TOO_LARGE = f"the file is larger than {MAX_FILE_BYTES >> 20} MiB"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a look at a file found.

    Attributes:
        stamp: size and time of change of the bytes that were read.
        sha256: digest of the content; of a file that is too large, of "SIZE:" and its first MiB.
        whole: from its first to its last byte there; a whole file of a kind that cannot be used counts too.
        shape: size and depth that a whole picture declares, None of anything else.
        trouble: why it cannot be judged, in words, empty if nothing is known against it.
    """

    stamp: Stamp
    sha256: bytes
    whole: bool
    shape: Shape | None = None
    trouble: str = ""


def examine(path: Path) -> Examined | None:
    """Return what a file holds now, None if it changed meanwhile; at most MAX_FILE_BYTES are read, and once.

    Raises:
        OSError: it is gone, or cannot be read.
    """
    # A pipe that was put in the place of a file would block for ever without O_NONBLOCK.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise FileNotFoundError(f"{path} is not a regular file any more")
        large = before.st_size > MAX_FILE_BYTES
        content = _read(file.fileno(), HEAD_BYTES if large else before.st_size)
        after = os.fstat(file.fileno())
    stamp = stamp_of(before)
    if stamp != stamp_of(after) or (not large and len(content) != before.st_size):
        return None
    if large:
        head = hashlib.sha256(f"{before.st_size}:".encode() + content)
        return Examined(stamp=stamp, sha256=head.digest(), whole=True, trouble=TOO_LARGE)
    whole, shape = understand(content)
    return Examined(stamp=stamp, sha256=hashlib.sha256(content).digest(), whole=whole, shape=shape)


def unreadable(stamp: Stamp, error: OSError) -> Examined:
    """Return what stands for a file that may not be read: it gets its verdict, too."""
    digest = hashlib.sha256(f"unreadable:{stamp.size}:{stamp.mtime_ns}".encode()).digest()
    return Examined(stamp=stamp, sha256=digest, whole=True, trouble=f"the file cannot be read: {error.strerror}")


def understand(content: bytes) -> tuple[bool, Shape | None]:
    """Return whether waiting longer cannot help, and the shape of a picture that can be used.

    Waiting cannot help where the picture is all there, or is of no kind that can be used.
    """
    try:
        declared = declare(content)
    except IncompleteError:
        return False, None
    except ContainerError:
        return True, None
    except Exception:  # a file that breaks the reader must not stop the watch; the worker says what is wrong
        log.exception("reader_failed")
        return True, None
    return True, Shape(declared.width, declared.height, declared.bits)


def stamp_of(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns)


def _read(descriptor: int, size: int) -> bytes:
    """Return up to so many bytes; fewer if the file ends before."""
    content = os.read(descriptor, size)  # of a regular file, all at once: no second copy in memory
    while len(content) < size and (part := os.read(descriptor, size - len(content))):
        content += part
    return content
