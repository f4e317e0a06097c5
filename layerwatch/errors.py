"""Everything that layerwatch raises on purpose.

LayerwatchError
├── ProfileError             the profile is unknown or wrong
├── SettingsError            a setting cannot be used
├── WireError                a message does not keep the contract
│   └── ArtifactTooLargeError    a file of the artifacts is larger than any that layerwatch writes
├── UnsafePathError          a path leaves its root
├── PictureError
│   └── UnreadablePictureError   the file is no whole picture
├── BundleError
│   ├── BundleMissingError   there is no such bundle
│   └── BundleCorruptError   the bundle does not match its manifest
├── TrainingError            the data cannot be trained or measured on
├── CursorError              the text is no place in the stream of verdicts
├── VerdictsMissedError      the stream no longer has all that was published behind a cursor
├── QueueUnavailableError    Redis does not answer: try again
├── ArtifactsAwayError       the object store does not answer, or refuses: try again; also an OSError
└── ArtifactsUnwritableError nothing can be written where the artifacts lie: wait, and try again; also an OSError
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Self


class LayerwatchError(Exception):
    """Base of all expected errors; its message is one line that says what to do."""


class ProfileError(LayerwatchError):
    """The profile is unknown or wrong."""


class SettingsError(LayerwatchError):
    """A setting cannot be used."""


class WireError(LayerwatchError):
    """A message does not keep the contract."""


class ArtifactTooLargeError(WireError):
    """A file of the artifacts is larger than any that layerwatch writes."""

    def __init__(self, path: PurePosixPath, *, most: int) -> None:
        super().__init__(f"{path}: expected at most {most} bytes, it is larger")
        self.path = path
        self.most = most


class UnsafePathError(LayerwatchError):
    """A path leaves the folder that it has to stay in."""

    def __init__(self, path: str, *, root: Path | str) -> None:
        super().__init__(f"{path!r} is not inside {root}; links and '..' out of the folder are not followed")
        self.path = path
        self.root = root


class PictureError(LayerwatchError):
    """A picture cannot be used."""


class UnreadablePictureError(PictureError):
    """The file is no whole picture of a kind that layerwatch reads."""

    def __init__(self, path: Path | str, *, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class BundleError(LayerwatchError):
    """A model bundle cannot be used."""


class BundleMissingError(BundleError):
    """There is no such bundle."""


class BundleCorruptError(BundleError):
    """The model bundle does not match its manifest; train again or copy it again."""


class TrainingError(LayerwatchError):
    """The data cannot be trained or measured on."""


class CursorError(LayerwatchError):
    """The text is no place in the stream of verdicts."""

    def __init__(self, text: str) -> None:
        super().__init__(f"expected a stream id such as 1763769600000-0, or 0 for the start, got {text!r}")


class VerdictsMissedError(LayerwatchError):
    """The stream no longer has all that was published behind a cursor; the artifacts have it.

    Attributes:
        after: the cursor.
        first: the cursor of the first entry that is left, None where none is there yet.
        resume: the cursor from which a reader goes on and gets nothing twice. Where Redis began anew with a clock that
            is behind, only START gets what it holds already.
    """

    def __init__(self, after: str, *, first: str | None, resume: str, what: str) -> None:
        super().__init__(f"{what}; their verdict.json files have them, the stream goes on behind {resume}")
        self.after = after
        self.first = first
        self.resume = resume

    @classmethod
    def removed(cls, after: str, *, first: str, resume: str) -> Self:
        """Return the error where entries were removed before they were read."""
        what = f"verdicts behind {after} were removed from the stream before they were read"
        return cls(after, first=first, resume=resume, what=what)

    @classmethod
    def unknown(cls, after: str, *, first: str | None, resume: str) -> Self:
        """Return the error where the stream does not know the cursor, as after Redis was emptied or put back."""
        what = f"the stream does not know {after}: Redis may have lost verdicts that were published behind it"
        return cls(after, first=first, resume=resume, what=what)


class QueueUnavailableError(LayerwatchError):
    """Redis does not answer; try again when it does."""


class ArtifactsAwayError(LayerwatchError, OSError):
    """The object store of the artifacts does not answer, or refuses; try again when it does."""


class ArtifactsUnwritableError(LayerwatchError, OSError):
    """Nothing can be written where the artifacts lie: no layer is to blame; wait, and try again.

    Attributes:
        size: bytes of the file that could not be written, 0 where nobody knows.
    """

    def __init__(self, told: str, *, size: int = 0) -> None:
        super().__init__(told)
        self.size = size


def one_line(problems: Sequence[str]) -> str:
    """Return several problems as one sentence-like line."""
    return "; ".join(problems)
