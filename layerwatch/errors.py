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
├── QueueUnavailableError    Redis does not answer: try again
└── ArtifactsAwayError       the object store does not answer, or refuses: try again; also an OSError
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath


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


class QueueUnavailableError(LayerwatchError):
    """Redis does not answer; try again when it does."""


class ArtifactsAwayError(LayerwatchError, OSError):
    """The object store of the artifacts does not answer, or refuses; try again when it does."""


def one_line(problems: Sequence[str]) -> str:
    """Return several problems as one sentence-like line."""
    return "; ".join(problems)
