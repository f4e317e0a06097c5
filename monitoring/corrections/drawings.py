"""What people drew over a layer set, as the LabelMe file that the trainer's --corrections reads. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from layerwatch.layers import CHECK_PRINTER, LayerKey
from layerwatch.verdict import ImageFacts, Verdict
from monitoring.corrections.outlines import outline_problem
from monitoring.history.notes import KeptCorrection

OURS: Final = b'{\n  "layerwatch": {\n    "layer": '  # how each of these files begins, and no other program's
_BOX: Final = 2  # corners

PictureThere = Callable[[ImageFacts], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The content of a file, and when what it shows was said last."""

    content: bytes
    said: datetime


def common_size(verdict: Verdict) -> tuple[int, int] | None:
    """Return width and height of the pictures, px; None where they could not be read, or differ."""
    sizes = {(image.width, image.height) for image in verdict.images}
    width, height = sizes.pop() if len(sizes) == 1 else (None, None)
    return None if width is None or height is None else (width, height)


def drawings(
    revisions: Sequence[Verdict], corrections: Sequence[KeptCorrection], *, there: PictureThere
) -> dict[str, Drawing | None]:
    """Return what each file of a layer set has to hold, by its path; None where this layer set has none there.

    Shown is what was drawn over the pictures that the newest verdict judged, as long as they lie in the printers'
    folder: under the names of the others lies something else by now, and pictures that a person uploaded lie nowhere.

    Args:
        revisions: all verdicts on the layer, newest first.
        corrections: all that was drawn over any of them.
        there: says whether a picture still lies in the printers' folder.
    """
    files: dict[str, Drawing | None] = {_file_of(each): None for each in revisions if each.images}
    newest = revisions[0] if revisions else None
    if newest is None or not newest.images or newest.printer == CHECK_PRINTER:
        return files
    alike = {each.id for each in revisions if same_pictures(each, newest)}
    its = [each for each in corrections if each.undone is None and each.inspection in alike]
    shown = [each for each in its if _fits(each, newest)]
    if shown and there(newest.images[0]):
        files[_file_of(newest)] = Drawing(content=_labelme(newest, shown), said=max(each.created for each in shown))
    return files


def begins(layer: LayerKey) -> bytes:
    """Return how the files of a layer set begin: two may claim one name, where a printer uses it again."""
    return OURS + f'"{layer}",\n'.encode()


def same_pictures(one: Verdict, other: Verdict) -> bool:
    return _contents(one) == _contents(other)


def _file_of(verdict: Verdict) -> str:
    return f"{verdict.images[0].path}.json"


def _fits(correction: KeptCorrection, verdict: Verdict) -> bool:
    size = common_size(verdict)
    return size is not None and outline_problem(correction.points, *size) is None


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
