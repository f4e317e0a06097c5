"""Predicted against true regions of one layer set, reduced to a few numbers that any area limit can be asked of."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.ignore import defects, judged

FOUND_SHARE: Final = 0.2  # of a true region's pixels that the predicted mask has to cover
_DIAGONALS_TOO: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlap:
    """The regions of one layer set at one threshold, in px of the picture.

    Attributes:
        true_areas, true_kinds: of each true region, (t,); the kind is that of most of its pixels.
        areas: of each predicted region, (p,).
        means: mean probability * 255 of each predicted region, (p,).
        touches: whether a predicted region shares a pixel with a true one, (p,).
        pairs: (k, 3) predicted region, true region, shared pixels.
    """

    true_areas: NDArray[np.int64]
    true_kinds: NDArray[np.int64]
    areas: NDArray[np.int64]
    means: NDArray[np.float64]
    touches: NDArray[np.bool_]
    pairs: NDArray[np.int64]

    def found(self, min_area_px: int) -> NDArray[np.bool_]:
        """Return which true regions are covered by FOUND_SHARE, (t,); smaller predicted regions do not count."""
        shared = np.zeros(len(self.true_areas), np.int64)
        pairs = self.pairs[(self.areas >= min_area_px)[self.pairs[:, 0]]]
        np.add.at(shared, pairs[:, 1], pairs[:, 2])
        return shared >= FOUND_SHARE * self.true_areas

    def false_regions(self, min_area_px: int) -> int:
        """Return how many predicted regions of at least this area touch no true one."""
        return int(np.count_nonzero((self.areas >= min_area_px) & ~self.touches))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The true regions of one layer set.

    Attributes:
        labels: (H, W), the number of the region from 1 on, 0 outside.
        areas, kinds: px and kind of each region, (t,).
        ignored: (H, W) bool, what nobody can judge; None where everything is judged.
    """

    labels: NDArray[np.int32]
    areas: NDArray[np.int64]
    kinds: NDArray[np.int64]
    ignored: NDArray[np.bool_] | None = None


def true_regions(kinds: NDArray[np.uint8]) -> Truth:
    """Return the connected defects in a map of kinds (H, W), 0 for none; most pixels of a region give its kind."""
    defect, known = defects(kinds).astype(np.uint8), judged(kinds)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(defect, connectivity=_DIAGONALS_TOO)
    votes = np.zeros((count, 256), np.int64)
    inside = np.flatnonzero(defect)
    np.add.at(votes, (labels.ravel()[inside], kinds.ravel()[inside]), 1)
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)
    ignored = None if known.all() else ~known
    return Truth(labels=labels, areas=areas, kinds=votes[1:].argmax(axis=1), ignored=ignored)


def unjudged(mask: NDArray[np.bool_], kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the predicted regions, (H, W) bool, that lie mostly in ignored pixels and touch no defect."""
    return _unjudged(mask.astype(np.uint8), defects(kinds), ~judged(kinds))


def _unjudged(
    mask: NDArray[np.uint8], defect: NDArray[np.bool_], ignored: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    if ignored is None or not ignored.any():
        return np.zeros(mask.shape, np.bool_)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=_DIAGONALS_TOO)
    inside, hits = (np.bincount(labels[where], minlength=count) for where in (ignored, defect))
    forgiven = (2 * inside > stats[:, cv2.CC_STAT_AREA]) & (hits == 0)
    forgiven[0] = False  # the background
    return np.asarray(forgiven[labels])


def compare(mask: NDArray[np.uint8], truth: Truth, probability: NDArray[np.uint8] | None = None) -> Overlap:
    """Return how a predicted mask (H, W), 0 or more, meets the true regions; probability * 255 gives the means.

    Predicted regions that nobody can judge are left out.
    """
    predicted_mask = (mask > 0).astype(np.uint8)
    predicted_mask[_unjudged(predicted_mask, truth.labels > 0, truth.ignored)] = 0
    _, predicted, stats, _ = cv2.connectedComponentsWithStats(predicted_mask, connectivity=_DIAGONALS_TOO)
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)
    inside = np.flatnonzero(predicted_mask)
    labels = truth.labels.ravel()[inside]
    both = labels > 0
    base = len(truth.areas) + 1
    codes, shared = np.unique(
        predicted.ravel()[inside[both]].astype(np.int64) * base + labels[both], return_counts=True
    )
    pairs = np.stack([codes // base - 1, codes % base - 1, shared], axis=1)
    means = np.full(len(areas), 255.0)
    if probability is not None:
        sums = np.bincount(predicted.ravel()[inside], probability.ravel()[inside], minlength=len(areas) + 1)
        means = sums[1:] / np.maximum(areas, 1)
    touches = np.zeros(len(areas), np.bool_)
    touches[pairs[:, 0]] = True
    return Overlap(
        true_areas=truth.areas, true_kinds=truth.kinds, areas=areas, means=means, touches=touches, pairs=pairs
    )
