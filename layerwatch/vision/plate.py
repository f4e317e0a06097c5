"""The build plate inside the picture."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_SUBPIXEL_BITS = 8


def plate_mask(height: int, width: int, polygon: Sequence[tuple[float, float]] | None) -> NDArray[np.bool_] | None:
    """Return which pixels show the plate, or None where the whole picture does.

    Args:
        height: rows of the picture.
        width: columns of the picture.
        polygon: corners (x, y) as fractions 0..1 of width and height, in order; None for the whole picture.

    Returns: (height, width) bool.
    """
    if polygon is None:
        return None
    corners = np.asarray(polygon, dtype=np.float64) * (width, height) - 0.5
    fixed_point = np.rint(corners * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [fixed_point], color=(1,), shift=_SUBPIXEL_BITS)
    if not mask.any():
        message = f"the plate polygon {tuple(polygon)} covers no pixel of a {width} x {height} picture"
        raise ValueError(message)
    return mask.astype(np.bool_)


def plate_window(plate: NDArray[np.bool_] | None, height: int, width: int, *, margin: int) -> tuple[slice, slice]:
    """Return the rows and columns of a picture of another size in which the plate lies.

    Args:
        plate: (H, W) bool, with pixels in it; None for the whole picture.
        height: rows of the other picture.
        width: columns of the other picture.
        margin: px of the other picture on each side of the plate, where there are so many.
    """
    if plate is None:
        return slice(0, height), slice(0, width)
    left, top, wide, high = cv2.boundingRect(plate.view(np.uint8))
    down, across = height / plate.shape[0], width / plate.shape[1]
    rows = slice(max(0, int(top * down) - margin), min(height, math.ceil((top + high) * down) + margin))
    columns = slice(max(0, int(left * across) - margin), min(width, math.ceil((left + wide) * across) + margin))
    return rows, columns
