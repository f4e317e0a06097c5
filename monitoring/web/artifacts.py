"""Which artifacts the page gives out: three names in the folder of a layer, and nothing else."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from fastapi.responses import FileResponse, Response

from layerwatch.artifacts import ArtifactFolder, Artifacts
from layerwatch.errors import ArtifactTooLargeError, UnsafePathError
from layerwatch.layer_files import FOLDER, MASK, OVERLAY, VERDICT
from layerwatch.paths import inside
from monitoring.pruned import MADE_ROOM, was_removed
from monitoring.rows import Row

MEDIA_TYPES = {OVERLAY: "image/jpeg", MASK: "image/png", VERDICT: "application/json"}
ARTIFACT = re.compile(rf"{FOLDER}/({'|'.join(map(re.escape, MEDIA_TYPES))})")


def artifact_response(artifacts: Artifacts, relative: str) -> Response | None:
    """Return the answer that holds an artifact, or None where there is nothing that may be given out.

    Raises:
        ArtifactsAwayError: the object store does not answer.
    """
    if isinstance(artifacts, ArtifactFolder):  # its files go out piece by piece, and need not be read before
        file = artifact_file(artifacts.root, relative)
        return FileResponse(file, media_type=MEDIA_TYPES[file.name]) if file is not None else None
    if not ARTIFACT.fullmatch(relative):
        return None
    path = PurePosixPath(relative)
    try:
        return Response(artifacts.read(path), media_type=MEDIA_TYPES[path.name])
    except (FileNotFoundError, ArtifactTooLargeError):
        return None


def why_not_there(artifacts: Artifacts, relative: str) -> str:
    """Return in words why there is no such artifact.

    Raises:
        OSError: the artifacts cannot be read now.
    """
    if ARTIFACT.fullmatch(relative) and was_removed(artifacts, PurePosixPath(relative)):
        return f"{PurePosixPath(relative).name} is no longer kept: {MADE_ROOM}"
    return "no such artifact; expected PRINTER/BUILD/LLLLLL_STAGE/ and overlay.jpg, mask.png or verdict.json"


def artifact_file(root: Path, relative: str) -> Path | None:
    """Return the file to give out, or None where there is nothing that may be."""
    if not ARTIFACT.fullmatch(relative):
        return None
    try:
        file = inside(root, relative)
    except (UnsafePathError, OSError):
        return None
    return file if file.name in MEDIA_TYPES and file.is_file() else None


def overlay_url(row: Row) -> str | None:
    """Return where the overlay of a verdict is; it changes with the pictures, so that caches need not ask again."""
    return artifact_url(row.overlay, inspection=row.id)


def artifact_url(path: str | None, *, inspection: str) -> str | None:
    """Return where an artifact of an inspection is given out, None where there is none."""
    if path is None or not ARTIFACT.fullmatch(path):
        return None
    return f"/artifacts/{quote(path)}?v={inspection[-12:]}"
