"""The pictures in the printers' folder: whether a file there still is what a verdict judged."""

import hashlib
import os
import stat
from pathlib import Path

from layerwatch.errors import UnsafePathError
from layerwatch.pictures import SourceFolder
from layerwatch.verdict import ImageFacts


class PicturesThere:
    """Remembers what it hashed for as long as the file does not change."""

    def __init__(self, sources: Path) -> None:
        """Take SOURCES_DIR, which this machine may not see."""
        self._sources = SourceFolder(sources)
        self._hashed: dict[Path, tuple[object, str]] = {}

    def has(self, image: ImageFacts) -> bool:
        """Return whether the picture still lies there; True where that cannot be told."""
        try:
            path = self._sources.locate(image.path)
            status = path.stat()
            return stat.S_ISREG(status.st_mode) and self._sha256(path, status) == image.sha256
        except (FileNotFoundError, NotADirectoryError):
            return False
        except (UnsafePathError, OSError):
            return True

    def _sha256(self, path: Path, status: os.stat_result) -> str:
        stamp = status.st_size, status.st_mtime_ns, status.st_ino
        known = self._hashed.get(path)
        if known is None or known[0] != stamp:
            with path.open("rb") as file:
                known = stamp, hashlib.file_digest(file, "sha256").hexdigest()
            self._hashed[path] = known
        return known[1]
