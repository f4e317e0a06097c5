"""Evidence of anything brighter or darker than it normally is, from specks of a few pixels to large areas."""

from typing import Final

import cv2
import numpy as np

from trainer.regenerate.background import Floats, Residual, sampled, typical

SCALES: Final = (1.0, 2.5, 6.0)  # px, standard deviations of the smoothing
_PIXELS: Final = 1.0  # px; on this scale single pixels are seen, not patches
_PATCHES: Final = 1.5  # times their unrest, what differs has to be
_JITTER: Final = 0.4  # px; camera and parts move so much from layer to layer, which edges show
_LEAST: Final = 0.7  # of the typical noise: no place is calmer


def spots(residual: Residual) -> Floats:
    """Return (scales, H, W) how many standard deviations of its own noise a place differs, at each of the scales.

    Powder and metal differ in their noise, so it is measured at each place; how much of it is left after smoothing is
    measured over the whole picture. An edge of the background may move a little, and what is larger than a few pixels
    has to be stronger than the patches that come and go there anyway.
    """
    usual = max(float(np.median(sampled(residual.variation, residual.sees))), 1e-6)
    noise = np.maximum(residual.variation / usual, _LEAST)
    slope = _JITTER * _slope(residual.background)
    found = []
    for scale in SCALES:
        smooth = cv2.GaussianBlur(residual.difference, (0, 0), scale)
        usually = np.hypot(noise * typical(smooth, residual.sees), slope)
        found.append(np.abs(smooth) / (usually if scale <= _PIXELS else np.hypot(usually, _PATCHES * residual.unrest)))
    return np.stack(found)


def _slope(background: Floats) -> Floats:
    """Return (H, W) how steep the background is, in full scales per px."""
    smooth = cv2.GaussianBlur(background, (0, 0), 1.5)
    right, down = (cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0))
    return np.asarray(cv2.magnitude(right, down))
