"""Why an overlay or a mask is not there."""

from pathlib import PurePosixPath

from layerwatch.artifacts import Artifacts
from layerwatch.errors import ArtifactTooLargeError

MADE_ROOM = "it was removed to make room, as MONITORING_KEEP_DAYS or MONITORING_KEEP_GB say; its verdict.json is kept"


def was_removed(artifacts: Artifacts, path: PurePosixPath) -> bool:
    """Return whether a file that is not there once was: verdict.json is written after all others, and stays.

    Raises:
        OSError: the artifacts cannot be read now.
    """
    return not _is_there(artifacts, path) and _is_there(artifacts, path.with_name("verdict.json"))


def _is_there(artifacts: Artifacts, path: PurePosixPath) -> bool:
    try:
        artifacts.read(path, most=1)
    except FileNotFoundError:
        return False
    except ArtifactTooLargeError:
        return True
    return True
