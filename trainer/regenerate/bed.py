"""The chamber's dark walls around the plate, where a profile does not say where the plate is."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.regenerate.background import Floats

_DARK: Final = 0.5  # of the usual brightness; a wall stays below
_MARGIN: Final = 6  # px beside a wall that are not judged: its edge moves a little, and nothing can be compared there


def walls(usual: Floats) -> NDArray[np.bool_]:
    """Return (H, W) bool, the dark areas that reach the border of the picture, with a margin around them.

    Args:
        usual: (H, W) how bright a place normally is under most lights, 0..1; lamps shine into one wall, not into all.
    """
    dark = (usual < _DARK * float(np.median(usual))).astype(np.uint8)
    framed = cv2.copyMakeBorder(dark, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, labels = cv2.connectedComponents(framed, connectivity=4)
    touching = ((labels == labels[0, 0])[1:-1, 1:-1] & (dark > 0)).astype(np.uint8)
    return np.asarray(cv2.dilate(touching, np.ones((2 * _MARGIN + 1, 2 * _MARGIN + 1), np.uint8)) > 0)
