"""What people drew over a layer set, as the LabelMe file that the trainer's --corrections reads. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from layerwatch.verdict import Verdict
from monitoring.corrections.outlines import outline_problem
from monitoring.history.notes import KeptCorrection

OURS: Final = b'{\n  "layerwatch": '  # how each of these files begins, and no other program's
_BOX: Final = 2  # corners


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The content of a file, and when what it shows was said last."""

    content: bytes
    said: datetime


def file_of(verdict: Verdict) -> str | None:
    """Return the file for a layer set below the folder of corrections: beside its first picture there below another.

    None where nothing can be drawn over it, as its pictures could not be read or differ in size.
    """
    sizes = {(image.width, image.height) for image in verdict.images}
    if len(sizes) != 1 or None in next(iter(sizes)):
        return None
    return f"{verdict.images[0].path}.json"


def drawings(revisions: Sequence[Verdict], corrections: Sequence[KeptCorrection]) -> dict[str, Drawing | None]:
    """Return what each file of a layer set has to hold, None where there should be none.

    Only what was drawn over the pictures that the newest verdict judges is shown: the others lie in the folder of
    pictures no longer.

    Args:
        revisions: all verdicts on the layer, newest first.
        corrections: all that was drawn over any of them.
    """
    files: dict[str, Drawing | None] = {f"{each.images[0].path}.json": None for each in revisions if each.images}
    newest = revisions[0] if revisions else None
    file = file_of(newest) if newest else None
    if newest is None or file is None:
        return files
    shown = [each for each in corrections if each.undone is None and shows(newest, each, revisions)]
    if shown:
        files[file] = Drawing(content=_labelme(newest, shown), said=max(each.created for each in shown))
    return files


def shows(newest: Verdict, correction: KeptCorrection, revisions: Sequence[Verdict]) -> bool:
    """Return whether a correction was drawn over the pictures of the newest verdict, and can be drawn over them."""
    over = next((each for each in revisions if each.id == correction.inspection), None)
    image = newest.images[0] if newest.images else None
    if over is None or image is None or not same_pictures(over, newest):
        return False
    return outline_problem(correction.points, image.width or 0, image.height or 0) is None


def same_pictures(one: Verdict, other: Verdict) -> bool:
    return _contents(one) == _contents(other)


def _contents(verdict: Verdict) -> Mapping[str, str]:
    return {image.light: image.sha256 for image in verdict.images}


def _labelme(verdict: Verdict, corrections: Sequence[KeptCorrection]) -> bytes:
    image = verdict.images[0]
    file = {
        "layerwatch": {"layer": str(verdict.key), "sha256": _contents(verdict)},
        "version": "5.5.0",  # of LabelMe, whose format it is
        "flags": {},
        "shapes": [_shape(each) for each in corrections],
        "imagePath": PurePosixPath(image.path).name,
        "imageData": None,
        "imageHeight": image.height,
        "imageWidth": image.width,
    }
    return json.dumps(file, indent=2, ensure_ascii=False).encode() + b"\n"


def _shape(correction: KeptCorrection) -> dict[str, Any]:
    return {
        "label": correction.kind,
        "points": [list(point) for point in correction.points],
        "group_id": None,
        "description": correction.note,
        "shape_type": "rectangle" if len(correction.points) == _BOX else "polygon",
        "flags": {},
        "author": correction.author,
        "created": correction.created.isoformat(),
        "inspection": correction.inspection,
    }
