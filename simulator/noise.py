"""Noise of the right size: grains, waves and stripes, all of zero mean and unit standard deviation."""

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def grains(rng: np.random.Generator, size: int, grain_px: float) -> Field:
    """Return (size, size) float32 noise whose grains are about `grain_px` across."""
    noise = rng.standard_normal((size, size), dtype=np.float32)
    sigma = grain_px / 2
    if sigma > 0.3:
        noise = cv2.GaussianBlur(noise, (0, 0), sigma)
        noise /= max(float(noise.std()), 1e-6)
    return noise


def waves(rng: np.random.Generator, size: int, scale_px: float) -> Field:
    """Return (size, size) float32 smooth noise that changes over `scale_px`."""
    knots = max(4, round(size / scale_px) + 3)
    coarse = rng.standard_normal((knots, knots), dtype=np.float32)
    fine = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine / max(float(fine.std()), 1e-6), dtype=np.float32)


def stripes(rng: np.random.Generator, across: Field, width_px: float) -> Field:
    """Return noise that is constant along the recoat direction.

    Args:
        rng: the stream to draw from.
        across: (H, W) float32 distance across the recoat direction, in pixels.
        width_px: typical width of a stripe.
    """
    low = float(across.min())
    line = rng.standard_normal(int(across.max() - low) + 3, dtype=np.float32)[None, :]
    line = cv2.GaussianBlur(line, (0, 0), width_px / 2)[0]
    line /= max(float(line.std()), 1e-6)
    return np.asarray(line[(across - low).astype(np.int32)], dtype=np.float32)


def wander(rng: np.random.Generator, along: Field, scale_px: float) -> Field:
    """Return smooth noise along one coordinate, for lines that are not quite straight."""
    low = float(along.min())
    length = float(along.max()) - low + 1
    knots = rng.standard_normal(max(4, int(length / scale_px) + 3)).astype(np.float32)
    fine = cv2.resize(knots[None, :], (4 * int(length) + 1, 1), interpolation=cv2.INTER_CUBIC)[0]
    return np.asarray(fine[((along - low) * 4).astype(np.int32)], np.float32)
