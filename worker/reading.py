"""From the captures of a message to pictures: exactly those that ingest saw, or the reason why not."""

from concurrent.futures import Executor

from layerwatch.errors import UnreadablePictureError
from layerwatch.job import CaptureMessage, InspectLayer
from layerwatch.pictures import Fetch
from layerwatch.vision.read import read_picture_bytes
from worker.inspection import Reading


def read_captures(message: InspectLayer, *, fetch: Fetch, max_pixels: int, pool: Executor) -> tuple[Reading, ...]:
    """Return one reading for each capture of a message.

    Args:
        message: the job.
        fetch: returns the bytes of a picture, or raises UnreadablePictureError or OSError.
        max_pixels: a larger picture is not decoded.
        pool: reads the lights of a set side by side; most of the time goes into unpacking them.

    Raises:
        OSError: a picture cannot be had now, a file that is locked or a folder that is away; trying again may help. Not
            where the message already says why the set is invalid.
    """

    def read(capture: CaptureMessage) -> Reading:
        try:
            return _read(capture, fetch=fetch, bits=message.optics.bits, max_pixels=max_pixels)
        except OSError as error:
            if not message.problems:
                raise
            return _unread(capture, f"the file cannot be read: {error.strerror or error}")

    side_by_side = len(message.captures) > 1
    return tuple(pool.map(read, message.captures) if side_by_side else map(read, message.captures))


def _read(capture: CaptureMessage, *, fetch: Fetch, bits: int | None, max_pixels: int) -> Reading:
    try:
        picture = read_picture_bytes(fetch(capture), path=capture.path, bits=bits, max_pixels=max_pixels)
    except UnreadablePictureError as error:
        return _unread(capture, error.reason)
    return Reading(capture=capture, picture=picture)


def _unread(capture: CaptureMessage, problem: str) -> Reading:
    return Reading(capture=capture, picture=None, problem=problem)
