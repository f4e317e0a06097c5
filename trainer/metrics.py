"""Pixel figures from counts: exact, because served probabilities are whole 255ths, and small whatever the data."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer.ignore import Truth, defects, judged

LEVELS = 256


@dataclass(slots=True, kw_only=True, eq=False)
class PixelCounts:
    """How many defect and other pixels got each probability 0..255, each (256,) int64."""

    defect: NDArray[np.int64] = field(default_factory=lambda: np.zeros(LEVELS, np.int64))
    other: NDArray[np.int64] = field(default_factory=lambda: np.zeros(LEVELS, np.int64))

    def add(self, probability: NDArray[np.uint8], truth: Truth) -> None:
        """Count one picture, both (H, W); truth is the kind of each pixel, or whether it is a defect."""
        everything = np.bincount(probability[judged(truth)], minlength=LEVELS)
        hit = np.bincount(probability[defects(truth)], minlength=LEVELS)
        self.defect += hit
        self.other += everything - hit

    @property
    def defect_share(self) -> float:
        """Share of defect pixels, 0..1."""
        return float(self.defect.sum() / max(1, self.defect.sum() + self.other.sum()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Precision and recall where a pixel counts from each of the levels 1..255, each (255,)."""

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    @property
    def f1(self) -> NDArray[np.float64]:
        return 2 * self.precision * self.recall / np.maximum(self.precision + self.recall, 1e-12)


def precision_recall(counts: PixelCounts) -> Curve:
    """Return the curve over all thresholds; precision is 1 where nothing is predicted, recall 0 without defects."""
    hits = np.cumsum(counts.defect[::-1])[::-1][1:]
    false = np.cumsum(counts.other[::-1])[::-1][1:]
    predicted = hits + false
    return Curve(
        thresholds=np.arange(1, LEVELS) / 255,
        precision=np.where(predicted > 0, hits / np.maximum(predicted, 1), 1.0),
        recall=hits / max(1, int(counts.defect.sum())),
    )


def recall_at(curve: Curve, precision: float) -> float:
    """Return the best recall of all thresholds that reach a precision, 0..1; 0 where none does."""
    return float(curve.recall[curve.precision >= precision].max(initial=0.0))


def average_precision(counts: PixelCounts) -> float:
    """Return the area under the precision-recall curve as steps, 0..1; 0 where there are no defects."""
    positives = int(counts.defect.sum())
    if positives == 0:
        return 0.0
    hits = np.cumsum(counts.defect[::-1])
    predicted = hits + np.cumsum(counts.other[::-1])
    precision = hits / np.maximum(predicted, 1)
    return float(np.sum(precision * counts.defect[::-1]) / positives)
