"""The folder of corrections: LabelMe files in the same folders as the pictures have below SOURCES_DIR."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from layerwatch.atomic import write_atomic
from layerwatch.errors import LayerwatchError, UnsafePathError
from layerwatch.layers import LayerKey
from layerwatch.paths import inside
from monitoring.corrections.drawings import OURS, Drawing, begins

_MOST_BYTES: Final = 32 * 1024 * 1024  # more than all corrections of a layer take


class CorrectionFileError(LayerwatchError):
    """A file of corrections cannot be written, so that the trainer would not see what the database says."""


@dataclass(frozen=True, slots=True)
class CorrectionFolder:
    """Files that are there whole or not at all, and follow the database; what others put there is left alone."""

    root: Path

    def prepare(self) -> None:
        """Make the folder, so that the trainer finds it before anybody has corrected anything.

        Raises:
            CorrectionFileError: it cannot be made.
        """
        with _in_words(self.root):
            self.root.mkdir(parents=True, exist_ok=True)

    def put(self, relative: str, wanted: Drawing | None, *, layer: LayerKey) -> bool:
        """Let a file hold what it should, or not be this layer's; return whether that took any change.

        The file's time is that of what was said last, as the trainer counts what is newer than a model.

        Raises:
            CorrectionFileError: it cannot be written, or somebody else's file lies there.
        """
        if not self.differs(relative, wanted, layer=layer):
            return False
        file = self._file(relative)
        with _in_words(file):
            if wanted is None:
                file.unlink()
                return True
            if not (_read(file) or OURS).startswith(OURS):
                raise CorrectionFileError(f"{file} is another program's file; move it away, corrections go there")
            write_atomic(file, wanted.content)
            os.utime(file, (wanted.said.timestamp(),) * 2)
        return True

    def differs(self, relative: str, wanted: Drawing | None, *, layer: LayerKey) -> bool:
        """Return whether a file holds anything else than it should.

        Raises:
            CorrectionFileError: it cannot be told.
        """
        try:
            file = self._file(relative)
        except CorrectionFileError:
            if wanted is None:
                return False  # nothing was ever written there
            raise
        with _in_words(file):
            there = _read(file)
        return there != wanted.content if wanted is not None else (there or b"").startswith(begins(layer))

    def _file(self, relative: str) -> Path:
        try:
            return inside(self.root, relative)
        except (UnsafePathError, OSError, RuntimeError) as error:  # a loop of links, a name that is too long
            raise CorrectionFileError(f"there is no place in {self.root} for {relative!r}: {error}") from error


@contextmanager
def _in_words(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CorrectionFileError(f"{file}: {reason}; is CORRECTIONS_DIR right, and is there room?") from error


def _read(file: Path) -> bytes | None:
    """Return what a file holds, at most so much that it is known not to be one of ours; None where there is none."""
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
