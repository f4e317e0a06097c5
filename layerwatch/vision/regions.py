"""From a probability for each pixel to connected defect regions."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.verdict import Region

_LEFT, _TOP, _WIDTH, _HEIGHT, _AREA = range(5)  # columns of cv2.connectedComponentsWithStats
_DIAGONALS_TOO = 8
_FASTEST = cv2.CCL_GRANA  # of OpenCV's ways that give the same answer; on masks three times as fast as its default
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """The defects of one layer.

    Attributes:
        mask: (H, W) uint8, 255 where a region of at least the smallest area is, else 0.
        regions: the largest regions, largest first, of equal ones the upper left one.
        truncated: the mask holds more regions than are listed.
        area_px: pixels of all regions in the mask.
        max_confidence: highest probability 0..1 inside any region, 0 where there is none.
    """

    mask: NDArray[np.uint8]
    regions: tuple[Region, ...]
    truncated: bool
    area_px: int
    max_confidence: float

    def __post_init__(self) -> None:
        if self.mask.ndim != 2 or self.mask.dtype != np.uint8:
            raise ValueError(f"expected a mask (H, W) uint8, got {self.mask.shape} {self.mask.dtype}")


def find_regions(  # noqa: PLR0913 - the operating point, the plate and the unit are what it takes
    probability: NDArray[np.uint8],
    *,
    threshold: float,
    min_area_px: int = 1,
    min_mean_confidence: float = 0.0,
    certain_mean_confidence: float = 0.0,
    mm_per_px: float | None = None,
    plate: NDArray[np.bool_] | None = None,
    limit: int = 200,
) -> Segmentation:
    """Return the connected areas (diagonals connect) whose probability reaches the threshold.

    The time is bound by the number of pixels, whatever the number of specks.

    Args:
        probability: (H, W) uint8, probability of a defect * 255.
        threshold: 0..1; a pixel is a defect where probability >= threshold, and above 0.
        min_area_px: smaller areas are left out of everything.
        min_mean_confidence: 0..1; so are areas whose mean probability stays below.
        certain_mean_confidence: 0..1; all are left out unless the mean probability of one reaches this.
        mm_per_px: side of a pixel, None where it is not known.
        plate: (H, W) bool, the pixels that count; None for all.
        limit: regions that are listed at most.
    """
    above = cv2.threshold(probability, _level(threshold) - 1, 255, cv2.THRESH_BINARY)[1]
    if plate is not None:
        above[~plate] = 0
    if not cv2.countNonZero(above):
        return Segmentation(mask=above, regions=(), truncated=False, area_px=0, max_confidence=0.0)
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(above, _DIAGONALS_TOO, cv2.CV_32S, _FASTEST)
    inside = np.flatnonzero(above.view(np.bool_))
    inside_labels = labels.ravel()[inside]
    highest, mean = _confidences(inside_labels, probability.ravel()[inside], stats[:, _AREA])
    kept = (stats[:, _AREA] >= min_area_px) & (mean >= min_mean_confidence - _ROUNDING)
    kept[0] = False  # the background
    if not (mean[kept] >= certain_mean_confidence - _ROUNDING).any():
        kept[:] = False
    above.ravel()[inside[~kept[inside_labels]]] = 0
    order = _largest_first(np.flatnonzero(kept), stats)
    return Segmentation(
        mask=above,
        regions=tuple(_region(stats[n], highest[n], mean[n], mm_per_px) for n in order[:limit]),
        truncated=len(order) > limit,
        area_px=int(stats[kept, _AREA].sum()),
        max_confidence=float(highest[kept].max(initial=0.0)),
    )


def _level(threshold: float) -> int:
    """Return the smallest value 1..255 that reaches the threshold."""
    if not 0 <= threshold <= 1:
        raise ValueError(f"expected a threshold from 0 to 1, got {threshold}")
    return max(1, math.ceil(threshold * 255 - 1e-6))


def _confidences(
    labels: NDArray[np.int32], values: NDArray[np.uint8], areas: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the highest and the mean probability 0..1 of each component, both (n,).

    Args:
        labels: (p,) the component of each pixel above the threshold.
        values: (p,) the probability * 255 of the same pixels.
        areas: (n,) pixels of each component.
    """
    highest = np.zeros(len(areas), np.uint8)
    np.maximum.at(highest, labels, values)
    total = np.bincount(labels, weights=values, minlength=len(areas))
    return highest / 255, total / np.maximum(areas, 1) / 255


def _largest_first(numbers: NDArray[np.intp], stats: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the components by size, of equal ones the upper left one first."""
    left, top, area = (stats[numbers, column] for column in (_LEFT, _TOP, _AREA))
    ranked: NDArray[np.intp] = numbers[np.lexsort((left, top, -area))]
    return ranked


def _region(stats: NDArray[np.int32], highest: float, mean: float, mm_per_px: float | None) -> Region:
    left, top, width, height, area = (int(value) for value in stats)
    return Region(
        bbox=(left, top, width, height),
        area_px=area,
        area_mm2=None if mm_per_px is None else area * mm_per_px**2,
        max_confidence=float(highest),
        mean_confidence=float(mean),
    )
