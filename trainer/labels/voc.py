"""Pascal VOC: one XML file a picture, boxes only."""

import math
from pathlib import Path
from xml.etree.ElementTree import Element

from layerwatch.errors import TrainingError
from trainer.labels.documents import read_xml
from trainer.labels.shapes import Drawing, Outline, Point, Shape


def read_voc(path: Path) -> Drawing:
    """Return what one VOC file holds; what is `difficult` is ignored.

    The first pixel is number 1 and the last one belongs to the box, as the format defines it.

    Raises:
        TrainingError: it is no VOC file, or a box is not complete.
    """
    root = read_xml(path)
    if root.tag != "annotation":
        raise TrainingError(f"{path}: expected <annotation>, as Pascal VOC has it, got <{root.tag}>")
    size = tuple(_number(root, f"size/{side}", path, default=0) for side in ("width", "height"))
    return Drawing(
        file=path,
        picture=root.findtext("filename", "").strip() or path.stem,
        size=(round(size[0]), round(size[1])) if all(size) else None,
        shapes=tuple(_box(item, path) for item in root.iterfind("object")),
    )


def _box(item: Element, path: Path) -> Shape:
    name = item.findtext("name", "").strip()
    if not name:
        raise TrainingError(f"{path}: an object has no name")
    left, top, right, bottom = (_number(item, f"bndbox/{edge}", path) for edge in ("xmin", "ymin", "xmax", "ymax"))
    if right < left or bottom < top:
        raise TrainingError(f"{path}: the box of {name} is empty: {left:g} to {right:g}, {top:g} to {bottom:g}")
    corners: tuple[Point, ...] = ((left - 1, top - 1), (right, bottom))
    difficult = item.findtext("difficult", "0").strip() == "1"
    return Shape(name=name, outline=Outline.BOX, points=corners, ignore=difficult)


def _number(parent: Element, place: str, path: Path, default: float | None = None) -> float:
    text = parent.findtext(place)
    if text is None and default is not None:
        return default
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise TrainingError(f"{path}: <{place}> is no number: {text!r}")
    return number
