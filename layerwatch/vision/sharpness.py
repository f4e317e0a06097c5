"""How sharp a picture is: its fastest changes against its slower ones, along lines in four directions."""

from collections.abc import Iterator
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.read import Picture

SMALLEST, LARGEST = 500, 32_000  # px of the longer side; smaller pictures have no slower changes, larger cv2 refuses
LINES = 32  # in each direction; a few more or less move the measure by a tenth
# Of the longer side. Sharp edges are alike at both, blurred ones show at COARSE alone.
FINE, COARSE = 4 / 2000, 32 / 2000
STRONGEST = 0.999  # quantile: what few hot pixels do does not count
LEAST_CONTRAST = 0.02  # of full scale, at COARSE; what has no edge cannot tell
ONE_DIRECTION = 1.25  # one direction alone tells less than two: so much softer it has to be

Lines = NDArray[np.uint8 | np.uint16]


def sharpness(picture: Picture) -> float | None:
    """Return how strong the fastest changes of grey are against slower ones, None where there is nothing to tell by.

    About 0.3 to 1 in a sharp picture, more where it is full of grain, below 0.17 in a blurred one. Out of focus all
    directions are soft, so the second softest counts; a camera or plate that moved softens one.

    Args:
        picture: one light; noise that is added after the blur makes it look sharper.
    """
    longer = max(picture.pixels.shape)
    if not SMALLEST <= longer <= LARGEST:
        return None
    fine, coarse = max(1, round(FINE * longer)), round(COARSE * longer)
    found = []
    for lines, stretch in _directions(picture.pixels):
        wide = round(coarse / stretch)
        if lines.shape[1] < 4 * wide:
            continue
        sums = np.cumsum(lines, axis=1, dtype=np.int32)
        slow = _strongest_change(sums, wide, every=wide // 4)
        if slow >= LEAST_CONTRAST * picture.full_scale:
            found.append(_strongest_change(sums, ceil(fine / stretch), every=2) / slow)
    if len(found) < 2:
        return None
    softest, second, *_ = sorted(found)
    return min(second, ONE_DIRECTION * softest)


def _directions(pixels: Lines) -> Iterator[tuple[Lines, float]]:
    """Yield lines (LINES, n) across the picture in each direction, and how far apart in px their pixels are."""
    height, width = pixels.shape
    down, right, across = height / LINES, width / LINES, (height + width) / LINES
    yield _sampled(pixels, width, [[1, 0, 0], [0, down, down / 2]]), 1.0
    yield _sampled(pixels, height, [[0, right, right / 2], [1, 0, 0]]), 1.0
    yield _sampled(pixels, height, [[1, across, across / 2 - height], [1, 0, 0]]), 2**0.5
    yield _sampled(pixels, height, [[-1, across, across / 2], [1, 0, 0]]), 2**0.5


def _sampled(pixels: Lines, length: int, places: list[list[float]]) -> Lines:
    """Return the pixels (LINES, length) at `places`, which turns a step along a line and a line's number into x, y."""
    lines: Lines = cv2.warpAffine(
        pixels,
        np.array(places, np.float64),
        (length, LINES),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return lines


def _strongest_change(sums: NDArray[np.int32], size: int, *, every: int) -> float:
    """Return how far the means of `size` pixels differ from those on both sides at the strongest places.

    Args:
        sums: (LINES, n) running sums along each line.
        size: pixels that a mean is taken over.
        every: pixels from one place that is looked at to the next.
    """
    totals = sums[:, size:] - sums[:, :-size]
    middle, before, after = (
        part[:, ::every] for part in (totals[:, size:-size], totals[:, : -2 * size], totals[:, 2 * size :])
    )
    changes = np.abs(2 * middle - before - after).ravel()
    rank = int(STRONGEST * (changes.size - 1))
    return float(np.partition(changes, rank)[rank]) / (2 * size)
