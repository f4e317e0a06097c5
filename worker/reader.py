"""Reading layer sets: the lights of one side by side, and the next set while the one before it is inspected."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from layerwatch.job import InspectLayer
from layerwatch.pictures import Fetch
from worker.inspection import Reading
from worker.reading import read_captures

# A set read ahead waits in memory beside the one in hand: larger pictures are read when their turn comes.
MOST_PIXELS_AHEAD = 25_000_000

Readings = tuple[Reading, ...]
NextMessage = Callable[[], InspectLayer | None]


def nothing_follows() -> InspectLayer | None:
    return None


class Reader:
    """Reads layer sets.

    Attributes:
        next_message: asked, as soon as a set is read, which one to read ahead; None for none.
    """

    def __init__(self, *, fetch: Fetch, max_pixels: int, threads: int) -> None:
        """Read nothing yet.

        Args:
            fetch: returns the bytes of a picture, or raises UnreadablePictureError or OSError.
            max_pixels: a larger picture is not decoded.
            threads: pictures that are decoded at the same time.
        """
        self.next_message: NextMessage = nothing_follows
        self._fetch = fetch
        self._max_pixels = max_pixels
        self._lights = ThreadPoolExecutor(threads, thread_name_prefix="lights")
        self._sets = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._ahead: tuple[str, Future[Readings]] | None = None

    def read(self, message: InspectLayer) -> Readings:
        """Return one reading for each capture of a message, and begin to read the next one.

        Raises:
            OSError: a picture cannot be had now; see `read_captures`.
        """
        readings = self._read_before(message) or self._read(message, self._max_pixels)
        following = self.next_message()
        if following is not None:
            ahead = self._sets.submit(self._read, following, min(self._max_pixels, MOST_PIXELS_AHEAD))
            self._ahead = (following.id, ahead)
        return readings

    def _read_before(self, message: InspectLayer) -> Readings | None:
        """Return what was read ahead, if it is of this message and without fault; a fault may be gone meanwhile."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != message.id:
            return None
        try:
            readings = ahead[1].result()
        except OSError:
            return None
        return None if any(reading.picture is None for reading in readings) else readings

    def _read(self, message: InspectLayer, max_pixels: int) -> Readings:
        return read_captures(message, fetch=self._fetch, max_pixels=max_pixels, pool=self._lights)
