"""Evidence of straight lines along the rows or columns: streaks of the recoater's way, and ridges across it."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.regenerate.background import Floats, surroundings, typical
from trainer.regenerate.order import ascending

_WIDTHS: Final = (3, 7)  # px
_STEP: Final = 0.01  # of its brightness that a place changes from one px to the next; lamps change it less
_DARKEST: Final = 0.05  # of full scale; below, noise makes such steps
_BESIDE: Final = 21  # px around a step
_LIMIT: Final = 2.5  # standard deviations of a pixel: one strong spot must not look like a faint line
_AROUND: Final = 101  # px; the noise of a place is measured in a square of this side
_NOISE: Final = 0.59  # standard deviation of the median of three over the mean deviation between two, of normal noise


def lines(light: Floats, sees: NDArray[np.bool_], third: int) -> tuple[Floats, Floats]:
    """Return (H, W) along the rows and along the columns: standard deviations by which a line differs from both sides.

    A step, as the border of the plate, differs from one side only and is none.

    Args:
        light: (H, W) of one light.
        sees: (H, W) bool, where it is not blind.
        third: px; a line shows in two of three successive pieces of this length. The longer, the fainter it may be,
            and the straighter it has to be.
    """
    around = surroundings(light)
    flat = light - around
    limit = _LIMIT * typical(flat, sees)
    flat = np.clip(flat, -limit, limit)
    rows, columns = _along_rows(flat, sees, third), _along_rows(np.ascontiguousarray(flat.T), sees.T, third)
    level = ~_steps(around)
    return rows * level, np.ascontiguousarray(columns.T) * level


def _steps(around: Floats) -> NDArray[np.bool_]:
    """Return (H, W) bool, where the surroundings jump: smoothed as they are, they leave a line on both sides."""
    right, down = (cv2.Sobel(around, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0))
    jumps = cv2.magnitude(right, down) > _STEP * np.maximum(around, _DARKEST)
    return np.asarray(cv2.dilate(jumps.astype(np.uint8), np.ones((_BESIDE, _BESIDE), np.uint8)) > 0)


def _along_rows(flat: Floats, sees: NDArray[np.bool_], third: int) -> Floats:
    pieces = _pieces(flat, third)
    lasting, uneven = ascending(pieces)[1], pieces[0] - pieces[2]
    strongest = np.zeros_like(flat)
    for width in _WIDTHS:
        above, below = _sides(lasting, width)
        both = np.where(above * below > 0, np.minimum(np.abs(above), np.abs(below)), 0).astype(np.float32)
        np.maximum(strongest, both / _noise(_sides(uneven, width)[0], sees), out=strongest)
    return strongest


def _pieces(flat: Floats, third: int) -> Floats:
    """Return (3, H, W), the means of three successive pieces of the row around each pixel; a spot is in one of them."""
    width = flat.shape[1]
    means = cv2.blur(cv2.copyMakeBorder(flat, 0, 0, third, third, cv2.BORDER_REFLECT_101), (third, 1))
    return np.stack([means[:, first : first + width] for first in (0, third, 2 * third)])


def _sides(along: Floats, width: int) -> tuple[Floats, Floats]:
    """Return (H, W) each, how much a line of this width differs from what lies above it and below it."""
    middle = cv2.blur(along, (1, width))
    above, below = (middle - np.roll(middle, shift, axis=0) for shift in (width + 1, -width - 1))
    above[: 2 * width], below[-2 * width :] = 0, 0  # there is nothing beyond the border to compare with
    return above, below


def _noise(uneven: Floats, sees: NDArray[np.bool_]) -> Floats:
    """Return (H, W), the standard deviation of the response to lines where there is none.

    A line is the same along its way, so the difference of two pieces of it is noise alone, however many there are.
    """
    usual = typical(uneven, sees)
    around = cv2.blur(np.minimum(np.abs(uneven), 3 * usual), (_AROUND, _AROUND))
    return np.asarray(_NOISE * np.maximum(around, 0.5 * usual))
