"""LabelMe: one JSON file a picture, and X-AnyLabeling, which writes the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, FiniteFloat, PositiveInt

from layerwatch.errors import TrainingError
from trainer.labels.documents import checked
from trainer.labels.shapes import LINE_WIDTH, Drawing, Outline, Point, Shape

_OUTLINES: Final = {  # what LabelMe calls it -> what it is, and how many points it takes at least
    "polygon": (Outline.POLYGON, 3),
    "rectangle": (Outline.BOX, 2),
    "circle": (Outline.CIRCLE, 2),
    "line": (Outline.LINE, 2),
    "linestrip": (Outline.LINE, 2),
}


class _Shape(BaseModel):
    """`width` is ours: LabelMe has no field for the width of a line, and keeps those that it does not know."""

    label: Annotated[str, Field(min_length=1)]
    points: tuple[tuple[FiniteFloat, FiniteFloat], ...]
    shape_type: str | None = "polygon"
    width: Annotated[FiniteFloat, Field(gt=0, le=1000)] = LINE_WIDTH


class _File(BaseModel):
    shapes: tuple[_Shape, ...]
    image_path: Annotated[str, Field(alias="imagePath")] = ""
    width: Annotated[PositiveInt | None, Field(alias="imageWidth")] = None
    height: Annotated[PositiveInt | None, Field(alias="imageHeight")] = None


def read_labelme(content: Mapping[str, Any], path: Path) -> Drawing:
    """Return what one LabelMe file holds; without imagePath it belongs to the picture of its own name.

    Raises:
        TrainingError: a field is missing or wrong, or a shape has too few points or another type.
    """
    file = checked(_File, content, path)
    return Drawing(
        file=path,
        picture=file.image_path or path.stem,
        size=(file.width, file.height) if file.width and file.height else None,
        shapes=tuple(_shape(shape, f"{path}: shape {number}") for number, shape in enumerate(file.shapes, 1)),
    )


def _shape(shape: _Shape, where: str) -> Shape:
    outline, least = _OUTLINES.get(shape.shape_type or "polygon", (None, 0))
    if outline is None:
        raise TrainingError(f"{where} ({shape.label}) is a {shape.shape_type!r}; known are {', '.join(_OUTLINES)}")
    if len(shape.points) < least:
        raise TrainingError(
            f"{where} ({shape.label}) is a {shape.shape_type} of {len(shape.points)} points, it takes {least}"
        )
    if outline is not Outline.BOX:
        return Shape(name=shape.label, outline=outline, points=shape.points, width=shape.width)
    corners = _bounds(shape.points)
    if corners[0][0] == corners[1][0] or corners[0][1] == corners[1][1]:
        raise TrainingError(f"{where} ({shape.label}) is an empty rectangle")
    return Shape(name=shape.label, outline=outline, points=corners)


def _bounds(points: tuple[Point, ...]) -> tuple[Point, Point]:
    """Return the upper left and the lower right corner of what the points span; some tools write all four corners."""
    across, down = zip(*points, strict=True)
    return (min(across), min(down)), (max(across), max(down))
