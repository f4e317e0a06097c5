"""What the kinds of defects in a mask are called."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trainer.sources import LayerFiles


def kind_names(layer_sets: Iterable[LayerFiles]) -> dict[int, str]:
    """Return number -> name from truth.json beside the masks, or classes.json beside or above them; {} without."""
    for folder in sorted({files.mask.parent for files in layer_sets if files.mask is not None}):
        for path in (folder / "truth.json", folder / "classes.json", folder.parent / "classes.json"):
            if path.is_file():
                return _names(path)
    return {}


def _names(path: Path) -> dict[int, str]:
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    listed = content.get("kinds", content)
    return {int(number): str(name) for number, name in listed.items() if str(number).isdigit()}
