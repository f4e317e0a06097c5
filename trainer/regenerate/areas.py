"""From evidence to areas: a strong core decides that there is something, weaker evidence how far it reaches."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.regenerate.background import Floats

_STRONG: Final = 20.0  # evidence; more in a few pixels says nothing about the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What makes an area.

    Attributes:
        core: evidence that its strongest pixel reaches.
        extent: evidence that each of its pixels reaches.
        share: of the strongest evidence nearby that each of its pixels reaches, so that a smoothed edge adds nothing.
        nearby: (rows, columns) that are near, odd numbers of px.
        least: px that it has.
    """

    core: float
    extent: float
    share: float
    nearby: tuple[int, int]
    least: int


def areas(evidence: Floats, limits: Limits) -> NDArray[np.bool_]:
    """Return (H, W) bool, the areas in evidence (H, W); diagonals connect."""
    strongest = cv2.dilate(evidence, np.ones(limits.nearby, np.uint8))
    extent = (evidence >= np.maximum(limits.extent, limits.share * strongest)).astype(np.uint8)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(extent, connectivity=8)
    kept = np.zeros(number, np.bool_)
    kept[np.unique(labels[(evidence >= limits.core) & (extent > 0)])] = True
    kept &= stats[:, cv2.CC_STAT_AREA] >= limits.least
    kept[0] = False  # the background
    return np.asarray(kept[labels])


def marked(mask: NDArray[np.bool_], marks: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    """Return (H, W) bool, the areas of a mask of whose pixels so large a share is marked; diagonals connect."""
    number, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = np.bincount(labels[marks], minlength=number) >= share * stats[:, cv2.CC_STAT_AREA]
    kept[0] = False
    return np.asarray(kept[labels])


def without_specks(mask: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Return (H, W) bool without the areas that have fewer px; diagonals connect."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= least
    kept[0] = False
    return np.asarray(kept[labels])


def enclosed(
    mask: NDArray[np.bool_], outside: NDArray[np.bool_], evidence: Floats, least: float, hole: int
) -> NDArray[np.bool_]:
    """Return (H, W) bool, the mask with what it encloses, alone or with the `outside`, and what is not clean itself.

    Args:
        mask: (H, W).
        outside: (H, W), pixels of which nothing is known.
        evidence: (H, W).
        least: evidence that a hole has on average.
        hole: px that it has at most.
    """
    free = (~mask & ~outside).astype(np.uint8)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(free, connectivity=4)
    areas_px = stats[:, cv2.CC_STAT_AREA]
    sums = np.bincount(labels.ravel(), weights=np.minimum(evidence, _STRONG).ravel(), minlength=number)
    filling = (areas_px <= hole) & (sums >= least * areas_px)
    filling[0] = False  # what is not free
    return np.asarray(mask | filling[labels])


def filled(mask: NDArray[np.bool_], gap: int, hole: int) -> NDArray[np.bool_]:
    """Return (H, W) bool with gaps of up to `gap` px closed, and holes of up to `hole` px filled."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    return np.asarray(closed | (~closed & ~without_specks(~closed, hole + 1)))
