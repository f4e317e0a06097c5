"""What the kinds of defects in a mask are called."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trainer.ignore import IGNORE
from trainer.sources import LayerFiles


def kind_names(layer_sets: Iterable[LayerFiles]) -> dict[int, str]:
    """Return number -> name from drawings, and from truth.json beside masks, or classes.json beside or above them."""
    layer_sets = list(layer_sets)
    shapes = (
        shape for files in layer_sets for drawing in (*files.drawings, *files.corrections) for shape in drawing.shapes
    )
    drawn = {shape.kind: shape.name for shape in shapes if shape.kind not in {0, IGNORE}}
    return _beside_masks(sorted({files.mask.parent for files in layer_sets if files.mask is not None})) | drawn


def _beside_masks(folders: Iterable[Path]) -> dict[int, str]:
    names: dict[int, str] = {}
    for folder in folders:
        known = (folder / "truth.json", folder / "classes.json", folder.parent / "classes.json")
        path = next((path for path in known if path.is_file()), None)
        names = (_names(path) if path else {}) | names
    return names


def _names(path: Path) -> dict[int, str]:
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    listed = content.get("kinds", content)
    return {int(number): str(name) for number, name in listed.items() if str(number).isdigit()}
