"""Why an overlay or a mask is not there."""

from pathlib import PurePosixPath

from layerwatch.artifacts import Artifacts
from layerwatch.errors import ArtifactTooLargeError, WireError
from layerwatch.layer_files import VERDICT
from layerwatch.verdict import Verdict

MADE_ROOM = "it was removed to make room, as MONITORING_KEEP_DAYS or MONITORING_KEEP_GB say; its verdict.json is kept"


def was_removed(artifacts: Artifacts, path: PurePosixPath) -> bool:
    """Return whether an overlay or mask that is not there once was: the layer's verdict.json names it, and stays.

    Raises:
        OSError: the artifacts cannot be read now.
    """
    return not _is_there(artifacts, path) and str(path) in _named_beside(artifacts, path)


def _named_beside(artifacts: Artifacts, path: PurePosixPath) -> set[str | None]:
    try:
        named = Verdict.from_json(artifacts.read(path.with_name(VERDICT))).artifacts
    except (FileNotFoundError, WireError):
        return set()
    return {named.overlay, named.mask}


def _is_there(artifacts: Artifacts, path: PurePosixPath) -> bool:
    try:
        artifacts.read(path, most=1)
    except FileNotFoundError:
        return False
    except ArtifactTooLargeError:
        return True
    return True
