"""The outlines of corrections: which can be used, and that of a region of a verdict."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.verdict import Region
from monitoring.history.notes import Point

MARGIN_PX: Final = 3  # around a region: what the model saw there reaches a little further than its mask
MOST_POINTS: Final = 500
_BOX: Final = 2
_LEFT, _TOP, _WIDTH, _HEIGHT, _AREA = range(5)  # columns of cv2.connectedComponentsWithStats


def outline_problem(points: Sequence[Point], width: int, height: int) -> str | None:
    """Return in words why points are no outline in a picture of so many pixels, None where they are one."""
    if not _BOX <= len(points) <= MOST_POINTS:
        return f"expected 2 corners of a box or 3 to {MOST_POINTS} of an outline, got {len(points)} points"
    if not all(0 <= x <= width and 0 <= y <= height for x, y in points):
        return f"expected points inside the picture, 0 to {width} across and 0 to {height} down"
    across, down = zip(*points, strict=True)
    if max(across) - min(across) < 1 or max(down) - min(down) < 1:
        return "what was drawn is less than a pixel wide or high; draw it larger"
    return None


def region_outline(mask: NDArray[np.uint8] | None, region: Region, width: int, height: int) -> tuple[Point, ...]:
    """Return an outline around a region with a little margin, or the box around it where no mask shows the region.

    Args:
        mask: (H, W) uint8, not 0 where a region is; it may be of another revision, or None.
        region: as the verdict lists it.
        width: of the picture, px.
        height: of the picture, px.
    """
    shape = None if mask is None or mask.shape != (height, width) else _shape_of(mask, region)
    if shape is None:
        return _box_around(region, width, height)
    around = 2 * MARGIN_PX
    padded = np.pad(shape, around)
    grown = cv2.dilate(padded, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, [2 * MARGIN_PX + 1] * 2))
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    corner = np.array(region.bbox[:2]) - around + 0.5  # the first pixel reaches from 0 to 1
    points = np.clip(_simplified(contours[0]) + corner, 0, [width, height])
    return tuple((float(x), float(y)) for x, y in points)


def _shape_of(mask: NDArray[np.uint8], region: Region) -> NDArray[np.uint8] | None:
    """Return the pixels of a region within its box, 255 inside; None where the mask does not show just that region."""
    left, top, width, height = region.bbox
    inside = np.ascontiguousarray(mask[top : top + height, left : left + width])
    if inside.shape != (height, width):
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    for number, part in enumerate(stats):
        if number and (part[_WIDTH], part[_HEIGHT], part[_AREA]) == (width, height, region.area_px):
            return np.where(labels == number, 255, 0).astype(np.uint8)
    return None


def _simplified(contour: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the corners of a contour, (n, 2), few enough to be kept."""
    tolerance = 0.5
    while len(corners := cv2.approxPolyDP(contour, tolerance, True)) > MOST_POINTS:
        tolerance *= 2
    return np.asarray(corners[:, 0, :], np.float64)


def _box_around(region: Region, width: int, height: int) -> tuple[Point, ...]:
    left, top, across, down = region.bbox
    return (
        (float(max(0, left - MARGIN_PX)), float(max(0, top - MARGIN_PX))),
        (float(min(width, left + across + MARGIN_PX)), float(min(height, top + down + MARGIN_PX))),
    )
