"""The verdict that a worker wrote beside the overlay; it outlives Redis."""

from pathlib import Path

from layerwatch.errors import WireError
from layerwatch.layers import LayerKey, LayerSet
from layerwatch.verdict import Verdict

MAX_VERDICT_BYTES = 64 * 1024 * 1024


def verdict_on_disk(artifacts_dir: Path, key: LayerKey) -> Verdict | None:
    """Return the verdict that the artifacts hold on a layer, None if there is none, or none that can be believed."""
    path = artifacts_dir / key.folder / "verdict.json"
    try:
        if path.stat().st_size > MAX_VERDICT_BYTES:
            return None
        verdict = Verdict.from_json(path.read_bytes())
    except (OSError, WireError):
        return None
    return verdict if verdict.key == key else None


def is_about(verdict: Verdict, layer_set: LayerSet) -> bool:
    """Return whether a verdict is on these very pictures, also if a person asked for it again."""
    pictures = {image.light: image.sha256 for image in verdict.images}
    asked_about = {capture.light: capture.sha256 for capture in layer_set.captures}
    return verdict.id == layer_set.inspection_id or pictures == asked_about
