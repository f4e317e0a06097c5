"""Faint lines drawn into real pictures: a recoater leaves many, people label few of them.

A line of a pixel or two that is hardly darker than the powder is seen by its length, not by any of its pixels. A
handful of labelled ones teaches a network only those few, thousands of drawn ones what a line is. As people mark a line
by a band about it, so does the mask.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

LINES: Final = 3  # at most in one crop
LENGTH_PX: Final = (25, 220)
DEPTH: Final = (3.0, 22.0)  # grey values of 0..255 in the middle of the line; powder is grained by 4 to 9
BRIGHT: Final = 0.15  # share of the lines that are brighter than the powder
WIDTH_SIGMA_PX: Final = (0.35, 0.9)
SLOPE_SIGMA: Final = 0.012  # px downwards a px to the right: a recoater goes straight
BAND_PX: Final = (1, 3)  # on each side of the line that the mask counts to it
POWDER: Final = (60, 235)  # median grey value of ground that can be powder in the light
EVEN: Final = 25.0  # standard deviation along the line; more is the edge of a part or of the plate
_KNOTS: Final = 6  # of the strength along a line, which is never the same all the way
_FADE_PX: Final = (2.0, 15.0)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]


def draw_hairlines(channels: Bytes, mask: Bytes, rng: np.random.Generator) -> tuple[Bytes, Bytes]:
    """Return a crop and its mask with up to `LINES` more lines, none where the chosen place is no powder.

    Args:
        channels: (h, w, 3) of the crop.
        mask: (h, w), 0 where there is no defect.
        rng: decides number, place, length and strength.
    """
    drawn, marked = channels.astype(np.float32), mask.copy()
    for _ in range(rng.integers(1, LINES + 1)):
        line = _path(mask.shape, rng)
        if line is not None and _is_powder(channels, marked, *line):
            _draw(drawn, marked, *line, rng)
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8), marked


def _path(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats] | None:
    """Return column and height of each point of a line from left to right, None where it would leave the crop."""
    height, width = shape
    length = min(width, round(np.exp(rng.uniform(*np.log(LENGTH_PX)))))
    columns = np.arange(length) + rng.integers(width - length + 1)
    rows = rng.uniform(0, height) + rng.normal(0, SLOPE_SIGMA) * np.arange(length)
    edge = BAND_PX[1]
    inside = rows.min() > edge and rows.max() < height - 1 - edge
    return (columns, rows) if inside else None


def _is_powder(channels: Bytes, mask: Bytes, columns: NDArray[np.int64], rows: Floats) -> bool:
    nearest = np.rint(rows).astype(int)
    ground = channels[nearest, columns, 0]
    return bool(
        not mask[nearest, columns].any() and POWDER[0] <= np.median(ground) <= POWDER[1] and ground.std() <= EVEN
    )


def _draw(
    channels: NDArray[np.float32], mask: Bytes, columns: NDArray[np.int64], rows: Floats, rng: np.random.Generator
) -> None:
    """Draw one line in place."""
    sign = 1 if rng.random() < BRIGHT else -1
    depth, sigma = np.exp(rng.uniform(*np.log(DEPTH))), rng.uniform(*WIDTH_SIGMA_PX)
    strength = sign * depth * _strength(len(columns), rng)
    above, below = rng.integers(BAND_PX[0], BAND_PX[1] + 1, 2)
    nearest = np.rint(rows).astype(int)
    for offset in range(-BAND_PX[1], BAND_PX[1] + 1):
        share = np.exp(-0.5 * ((nearest + offset - rows) / sigma) ** 2)
        channels[nearest + offset, columns] += (strength * share)[:, None]
        if -above <= offset <= below:
            mask[nearest + offset, columns] = 1


def _strength(length: int, rng: np.random.Generator) -> Floats:
    """Return how strong a line is along its way, about 1, fading towards both ends."""
    knots = cv2.resize(rng.uniform(0.5, 1.2, (1, _KNOTS)), (length, 1), interpolation=cv2.INTER_LINEAR)[0]
    to_end = 1 + np.minimum(np.arange(length), np.arange(length)[::-1])
    return np.asarray(knots * np.minimum(1, to_end / rng.uniform(*_FADE_PX)), float)
