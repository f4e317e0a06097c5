"""The verdict that a worker wrote beside the overlay; it outlives Redis."""

from collections.abc import Iterator
from contextlib import suppress

from layerwatch.artifacts import Artifacts
from layerwatch.errors import ArtifactsAwayError, WireError
from layerwatch.layer_files import EARLIER_VERDICT, VERDICT
from layerwatch.layers import LayerKey, LayerSet
from layerwatch.verdict import Verdict


def verdict_kept(artifacts: Artifacts, key: LayerKey) -> Verdict | None:
    """Return the verdict that the artifacts hold on a layer, None if there is none, or none that can be believed.

    Raises:
        ArtifactsAwayError: nobody can say now.
    """
    try:
        verdict = Verdict.from_json(artifacts.read(key.folder / VERDICT))
    except ArtifactsAwayError:
        raise
    except (OSError, WireError):
        return None
    return verdict if verdict.key == key else None


def earlier_verdicts(artifacts: Artifacts, key: LayerKey) -> Iterator[Verdict]:
    """Yield what was said of a layer in earlier revisions, as far as it can be believed.

    Raises:
        ArtifactsAwayError: nobody can say now.
    """
    for path in artifacts.paths(key.folder):
        if EARLIER_VERDICT.fullmatch(path.name):
            with suppress(FileNotFoundError, WireError):
                verdict = Verdict.from_json(artifacts.read(path))
                if verdict.key == key:
                    yield verdict


def is_about(verdict: Verdict, layer_set: LayerSet) -> bool:
    """Return whether a verdict is on these very pictures, also if a person asked for it again."""
    pictures = {image.light: image.sha256 for image in verdict.images}
    asked_about = {capture.light: capture.sha256 for capture in layer_set.captures}
    return verdict.id == layer_set.inspection_id or pictures == asked_about
