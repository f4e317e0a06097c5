"""The picture that was inspected, to the letter: from the printers' folder, else from Redis, or in words why not."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Protocol

from layerwatch.errors import LayerwatchError, UnreadablePictureError, UnsafePathError
from layerwatch.pictures import SourceFolder, read_file
from layerwatch.verdict import ImageFacts
from layerwatch.vision.read import Picture, read_picture_bytes

MOST_BYTES = 64 * 1024 * 1024  # of a file
MOST_PIXELS = 40_000_000


class PictureGoneError(LayerwatchError):
    """The picture that was inspected cannot be had, or not be shown; no second look will help."""


class PicturesAwayError(LayerwatchError):
    """The printers' folder cannot be read now; try again."""


class PictureGetter(Protocol):
    """As much of a PictureStore as is needed here."""

    def get(self, sha256: str) -> bytes | None: ...


class Originals:
    """Reads what inspections read; may be shared by threads."""

    def __init__(self, sources: Path, store: PictureGetter) -> None:
        self._sources = SourceFolder(sources)
        self._store = store

    def read(self, image: ImageFacts) -> Picture:
        """Return a picture in its own depth.

        Raises:
            PictureGoneError: it is not there, is another one by now, or is no picture that can be shown.
            PicturesAwayError: the printers' folder cannot be read now, and Redis does not hold the picture.
            redis.exceptions.RedisError: Redis does not answer, and the folder does not have it.
        """
        try:
            return read_picture_bytes(self._content(image), path=image.path, bits=image.bits, max_pixels=MOST_PIXELS)
        except UnreadablePictureError as error:
            raise PictureGoneError(f"{_name(image)} cannot be shown: {error.reason}") from error

    def _content(self, image: ImageFacts) -> bytes:
        try:
            return self._from_folder(image)
        except (PictureGoneError, PicturesAwayError):
            content = self._store.get(image.sha256)
            if content is None or not _is(content, image):
                raise
            return content

    def _from_folder(self, image: ImageFacts) -> bytes:
        name = _name(image)
        try:
            content = read_file(self._sources.locate(image.path), most=MOST_BYTES)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise PictureGoneError(f"{name} is not in SOURCES_DIR any more") from error
        except UnsafePathError as error:
            raise PictureGoneError(f"{name} does not lie in SOURCES_DIR") from error
        except UnreadablePictureError as error:
            raise PictureGoneError(f"{name} cannot be shown: {error.reason}") from error
        except OSError as error:
            why = error.strerror or "it is empty or not there"
            raise PicturesAwayError(f"{name} cannot be read from SOURCES_DIR now: {why}; is it mounted?") from error
        if not _is(content, image):
            raise PictureGoneError(f"{name} changed since it was inspected; the layer's newest revision shows it")
        return content


def _is(content: bytes, image: ImageFacts) -> bool:
    return hashlib.sha256(content).hexdigest() == image.sha256


def _name(image: ImageFacts) -> str:
    return PurePosixPath(image.path).name
