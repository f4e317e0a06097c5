"""From outlines to pixels."""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from trainer.ignore import IGNORE
from trainer.labels.shapes import Drawing, Outline, Point, Shape

_SHIFT: Final = 4  # OpenCV draws in 16ths of a pixel
_FAR: Final = 1 << 17  # px; OpenCV counts in 32 bits, and nothing so far out is seen


def draw_kinds(drawings: Sequence[Drawing], size: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the kinds that people drew over one layer set, (H, W) uint8; a defect wins over an ignored region.

    What lies outside the picture is cut off.

    Args:
        drawings: over any of its pictures; a defect in one of them is one of the layer.
        size: (H, W) of the pictures.

    Raises:
        TrainingError: a drawing was made over a picture of another size, or a run-length mask has another.
    """
    return draw_over(np.zeros(size, np.uint8), drawings)


def draw_over(kinds: NDArray[np.uint8], drawings: Sequence[Drawing]) -> NDArray[np.uint8]:
    """Return a map of kinds (H, W) with drawings over it, and leave the rest as it is.

    Where shapes overlap, a defect wins over an ignored region, and that over what is said to be no defect.

    Raises:
        TrainingError: a drawing was made over a picture of another size, or a run-length mask has another.
    """
    kinds = kinds.copy()
    for drawing in drawings:
        _check_size(drawing, kinds.shape)
    shapes = [shape for drawing in drawings for shape in drawing.shapes]
    for shape in sorted(shapes, key=lambda shape: (shape.kind != 0, shape.kind != IGNORE)):
        _DRAW[shape.outline](kinds, shape)
    return kinds


def reaching_out(drawing: Drawing, size: tuple[int, ...]) -> int:
    """Return how many shapes reach out of a picture of (H, W)."""
    height, width = size
    return sum(
        any(not (0 <= across <= width and 0 <= down <= height) for across, down in shape.points)
        for shape in drawing.shapes
    )


def _check_size(drawing: Drawing, size: tuple[int, ...]) -> None:
    height, width = size
    if drawing.size is not None and drawing.size != (width, height):
        told = " x ".join(map(str, drawing.size))
        raise TrainingError(
            f"{drawing.file}: drawn over {drawing.picture} of {told} px, the picture is {width} x {height}; "
            "label the pictures as the printer wrote them"
        )
    if any(shape.runs and sum(shape.runs) != height * width for shape in drawing.shapes):
        raise TrainingError(f"{drawing.file}: a run-length mask of {drawing.picture} has another size than the picture")


def _fixed(points: Sequence[Point]) -> NDArray[np.int32]:
    """Return points (n, 2) as OpenCV wants them: counted from the middle of the first pixel, in 16ths."""
    limited = np.clip(np.asarray(points, np.float64), -_FAR, _FAR)
    return np.rint((limited - 0.5) * (1 << _SHIFT)).astype(np.int32)


def _polygon(kinds: NDArray[np.uint8], shape: Shape) -> None:
    cv2.fillPoly(kinds, [_fixed(shape.points)], shape.kind, shift=_SHIFT)


def _line(kinds: NDArray[np.uint8], shape: Shape) -> None:
    thickness = max(1, round(shape.width) - 1)  # OpenCV draws all but the thinnest a pixel wider
    whole = np.floor(np.clip(shape.points, -_FAR, _FAR)).astype(np.int32)
    cv2.polylines(kinds, [whole], False, shape.kind, thickness=thickness)


def _circle(kinds: NDArray[np.uint8], shape: Shape) -> None:
    centre, rim = _fixed(shape.points[:2])
    radius = int(np.hypot(*(rim - centre).astype(np.float64)))
    cv2.circle(kinds, tuple(map(int, centre)), radius, shape.kind, thickness=cv2.FILLED, shift=_SHIFT)


def _box(kinds: NDArray[np.uint8], shape: Shape) -> None:
    (left, top), (right, bottom) = np.rint(np.clip(shape.points, -1, max(kinds.shape))).astype(int)
    kinds[max(top, 0) : max(bottom, top + 1), max(left, 0) : max(right, left + 1)] = shape.kind


def _runs(kinds: NDArray[np.uint8], shape: Shape) -> None:
    inside = np.repeat(np.arange(len(shape.runs)) % 2 == 1, shape.runs)
    kinds[inside.reshape(kinds.shape, order="F")] = shape.kind


_DRAW: Final[dict[Outline, Any]] = {
    Outline.POLYGON: _polygon,
    Outline.LINE: _line,
    Outline.CIRCLE: _circle,
    Outline.BOX: _box,
    Outline.RUNS: _runs,
}
