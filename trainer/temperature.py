"""How sure the network may say it is: one factor on all logits, fitted on data that it did not learn from.

Dice loss drives every answer towards 0 or 1, so that in whole 255ths the likely cannot be told from the certain.
Dividing the logits by a temperature changes no order, only how far apart the answers lie (Guo et al., On Calibration of
Modern Neural Networks, 2017).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from layerwatch.vision.network import Inspectable
from trainer.ignore import Truth, defects, judged
from trainer.store import Sample

TEMPERATURES: Final = tuple(float(value) for value in np.round(np.geomspace(0.5, 8, 97), 3))
_LIMIT: Final = 40.0  # of a logit that is told apart from larger ones
_BINS: Final = 4001


class LogitCounts:
    """How many defect and other pixels got each logit: small, whatever the data."""

    def __init__(self) -> None:
        self.centres: NDArray[np.float64] = np.linspace(-_LIMIT, _LIMIT, _BINS)
        self.defect: NDArray[np.int64] = np.zeros(_BINS, np.int64)
        self.other: NDArray[np.int64] = np.zeros(_BINS, np.int64)

    def add(self, logits: NDArray[np.float32], truth: Truth) -> None:
        """Count one picture, both (H, W); truth is the kind of each pixel, or whether it is a defect."""
        defect = defects(truth)
        step = (_BINS - 1) / (2 * _LIMIT)
        bins = np.rint((np.clip(logits, -_LIMIT, _LIMIT) + _LIMIT) * step).astype(np.int64)
        self.defect += np.bincount(bins[defect], minlength=_BINS)
        self.other += np.bincount(bins[judged(truth) & ~defect], minlength=_BINS)


def count_logits(model: Inspectable, samples: Sequence[Sample]) -> LogitCounts:
    """Return what the model says about every pixel of some layer sets."""
    model.eval()
    counts = LogitCounts()
    with torch.inference_mode():
        for sample in samples:
            tile, kinds = sample.load_tile()
            counts.add(model.logits(torch.from_numpy(tile))[0].numpy(), kinds)
    return counts


def best_temperature(counts: LogitCounts) -> float:
    """Return the temperature with the smallest cross-entropy; 1 where there is nothing to fit."""
    if not counts.defect.any() or not counts.other.any():
        return 1.0
    return min(TEMPERATURES, key=lambda temperature: cross_entropy(counts, temperature))


def cross_entropy(counts: LogitCounts, temperature: float) -> float:
    """Return the mean of -log(probability of what is true) over all pixels."""
    logits = counts.centres / temperature
    missed = np.sum(counts.defect * np.logaddexp(0, -logits))
    false = np.sum(counts.other * np.logaddexp(0, logits))
    return float((missed + false) / (counts.defect.sum() + counts.other.sum()))
