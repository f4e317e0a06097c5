"""The rule of the prototypes, for comparison: whatever is dark after stretching from the darkest to the brightest."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.regenerate.areas import without_specks
from trainer.regenerate.scene import Scene, grey
from trainer.regenerate.votes import agreed

_DARK: Final = 40 / 255  # of the range from the darkest pixel to the brightest
_LEAST: Final = 25  # px


def dark_threshold(scene: Scene, needed: int | None = None) -> NDArray[np.uint8]:
    """Return a mask (H, W) of 0 and 255: dark in so many of the lights, opened, closed and without specks.

    The range is taken on the plate, in the picture's own depth; the prototypes clipped 16 bits to 8 before.
    """
    dark = []
    for picture in scene.lights:
        light = grey(picture)
        counted = light if scene.plate is None else light[scene.plate]
        low, high = float(counted.min()), float(counted.max())
        dark.append(((light - low < _DARK * (high - low)) & (high > low)).astype(np.float32))
    votes = (agreed(np.stack(dark), needed=needed) > 0).astype(np.uint8)
    if scene.plate is not None:
        votes[~scene.plate] = 0
    kernel = np.ones((3, 3), np.uint8)
    smooth = cv2.morphologyEx(cv2.morphologyEx(votes, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel)
    return np.where(without_specks(smooth > 0, _LEAST), 255, 0).astype(np.uint8)
