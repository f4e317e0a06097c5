"""The build plate inside the picture."""

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
