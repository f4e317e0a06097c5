"""From the paths in a message to pictures: exactly the bytes that ingest saw, or the reason why not."""

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from layerwatch.errors import UnreadablePictureError, UnsafePathError
from layerwatch.job import CaptureMessage, InspectLayer
from layerwatch.vision.read import read_file, read_picture_bytes
from worker.checks import Reading

Locate = Callable[[str], Path]


def read_captures(message: InspectLayer, *, locate: Locate, max_pixels: int) -> tuple[Reading, ...]:
    """Return one reading for each capture of a message.

    Args:
        message: the job.
        locate: turns a path of the message into one on this machine, or raises UnsafePathError.
        max_pixels: a larger picture is not decoded.

    Raises:
        OSError: a file is there but cannot be read now, or the whole folder is away; trying again may help. Not where
            the message already says why the set is invalid.
    """
    readings = []
    for capture in message.captures:
        try:
            readings.append(_read(capture, locate=locate, bits=message.optics.bits, max_pixels=max_pixels))
        except OSError as error:
            if not message.problems:
                raise
            readings.append(_unread(capture, f"the file cannot be read: {error.strerror or error}"))
    return tuple(readings)


def _read(capture: CaptureMessage, *, locate: Locate, bits: int | None, max_pixels: int) -> Reading:
    name = PurePosixPath(capture.path).name
    try:
        content = read_file(locate(capture.path))
        if hashlib.sha256(content).hexdigest() != capture.sha256:
            return _unread(capture, f"{name} changed while it waited; the new content is a revision of its own")
        picture = read_picture_bytes(content, path=capture.path, bits=bits, max_pixels=max_pixels)
    except (FileNotFoundError, NotADirectoryError):
        return _unread(capture, f"{name} is gone; it was there when the layer was queued")
    except UnsafePathError as error:
        return _unread(capture, str(error))
    except UnreadablePictureError as error:
        return _unread(capture, error.reason)
    return Reading(capture=capture, picture=picture)


def _unread(capture: CaptureMessage, problem: str) -> Reading:
    return Reading(capture=capture, picture=None, problem=problem)
