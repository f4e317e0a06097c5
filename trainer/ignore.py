"""Pixels that nobody can judge: neither defect nor clean, left out of learning and of every figure."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

IGNORE: Final = 255  # instead of a kind of defect, in maps of kinds and masks of crops; also the "void" of Pascal VOC
GREY_IGNORE: Final = 128  # the grey value that says the same in a mask of 0 and 255

Truth = NDArray[np.uint8] | NDArray[np.bool_]


def defects(kinds: Truth) -> NDArray[np.bool_]:
    """Return where a map of kinds, or of defect or not, shows a defect; same shape."""
    return np.asarray((kinds > 0) & (kinds != IGNORE))


def judged(kinds: Truth) -> NDArray[np.bool_]:
    """Return which pixels of a map of kinds, or of defect or not, say anything; same shape."""
    return np.asarray(kinds != IGNORE)
