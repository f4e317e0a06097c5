"""Small and thin defects copied onto other places of the same camera, for kinds of which there are only a few.

Copy-paste of Ghiasi et al. (2021, arXiv:2012.07177) for grey pictures with uneven light: not the pixels are copied but
how they differ from the ground around them.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

NARROW_PX: Final = 24  # what is wider belongs where it is
MARGIN_PX: Final = 6  # of the ground around a defect that is looked at
_GAIN: Final = (0.75, 1.4)  # how much stronger or weaker the copy is
_GROUND_SIGMA: Final = 6.0
_SEAM_SIGMA: Final = 1.5

Bytes = NDArray[np.uint8]


def paste_defect(
    channels: Bytes, mask: Bytes, part: Bytes, defect: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Bytes, Bytes]:
    """Return a crop and its mask with one more defect, or as they were where the chosen place shows one already.

    Args:
        channels: (h, w, 3) of the crop.
        mask: (h, w), 0 where there is no defect.
        part: (ph, pw, 3), a defect with ground around it; cut to the size of the crop where it is larger.
        defect: (ph, pw), where in `part` it is.
        rng: decides place, direction and strength.
    """
    part, defect = _turned(part, defect, rng)
    part, defect = _cut(part, defect, mask.shape, rng)
    height, width = defect.shape
    top, left = (int(rng.integers(room + 1)) for room in np.subtract(mask.shape, defect.shape))
    place = np.s_[top : top + height, left : left + width]
    if mask[place].any() or not defect.any():
        return channels, mask
    seam = cv2.dilate(defect.astype(np.float32), np.ones((3, 3), np.uint8))
    blend = cv2.GaussianBlur(seam, (0, 0), _SEAM_SIGMA)[..., None]
    here = channels[place].astype(np.float32)
    detail = (part - _ground(part, ~defect)) * rng.uniform(*_GAIN)
    copy = here + blend * (_ground(channels[place], np.ones_like(defect)) + detail - here)
    channels, mask = channels.copy(), mask.copy()
    channels[place] = np.clip(np.rint(copy), 0, 255).astype(np.uint8)
    mask[place][defect] = 1
    return channels, mask


def _turned(part: Bytes, defect: NDArray[np.bool_], rng: np.random.Generator) -> tuple[Bytes, NDArray[np.bool_]]:
    """Turn it upside down or left to right; not by 90 degrees, as streaks follow the recoater."""
    steps = (int(rng.choice([-1, 1])), int(rng.choice([-1, 1])))
    return part[:: steps[0], :: steps[1]], defect[:: steps[0], :: steps[1]]


def _cut(
    part: Bytes, defect: NDArray[np.bool_], room: tuple[int, ...], rng: np.random.Generator
) -> tuple[Bytes, NDArray[np.bool_]]:
    """Return a stretch of it that fits into `room`."""
    size = np.minimum(defect.shape, room)
    top, left = (int(rng.integers(spare + 1)) for spare in np.subtract(defect.shape, size))
    window = np.s_[top : top + size[0], left : left + size[1]]
    return part[window], defect[window]


def _ground(channels: Bytes, clean: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the brightness without texture, (h, w, 3), from the clean pixels only."""
    share = cv2.GaussianBlur(clean.astype(np.float32), (0, 0), _GROUND_SIGMA)[..., None]
    light = cv2.GaussianBlur(channels * clean[..., None].astype(np.float32), (0, 0), _GROUND_SIGMA)
    return np.asarray(light / np.maximum(share, 1e-3), np.float32)
