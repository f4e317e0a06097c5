"""Precision, recall, F1, IoU and average precision of pixels, regions and layer sets, each with its interval."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from trainer.bootstrap import Counts, Estimate, estimate, ratio
from trainer.evaluation import LayerResult
from trainer.metrics import LEVELS


class Scores(BaseModel):
    """How well one thing is found; IoU and average precision only where they mean something."""

    model_config = ConfigDict(frozen=True)

    precision: Estimate
    recall: Estimate
    f1: Estimate
    iou: Estimate | None = None
    average_precision: Estimate | None = None


class Slice(BaseModel):
    """The scores of some of the layer sets.

    Attributes:
        pixels: of the served mask; the average precision is that of the probabilities, whatever the threshold.
        regions: a true one is found where a fifth of it is covered; a served one is right where it touches a true one.
            True ones below `counted_px` are not asked for.
        layers: a layer set is right where it has a defect and is not passed.
    """

    model_config = ConfigDict(frozen=True)

    layer_sets: int
    pixels: Scores
    regions: Scores
    layers: Scores


def score(results: Sequence[LayerResult], *, counted_px: int) -> Slice:
    """Return the scores of some layer sets."""
    return Slice(
        layer_sets=len(results),
        pixels=_pixels(results),
        regions=_regions(results, counted_px),
        layers=_scores(_table([[one.flagged and not one.clean, one.flagged, not one.clean] for one in results])),
    )


def recall_of(results: Sequence[LayerResult], kind: str) -> Estimate:
    """Return the share of the pixels of one kind of defect that the served mask covers."""
    return estimate(_table([one.kind_pixels.get(kind, (0, 0)) for one in results]), lambda sums: ratio(*sums.T))


def _pixels(results: Sequence[LayerResult]) -> Scores:
    counts = _table([[one.hit, one.hit + one.false, one.hit + one.missed] for one in results])
    levels = _table([np.concatenate([one.levels.defect, one.levels.other]) for one in results])
    return _scores(counts).model_copy(
        update={
            "iou": estimate(counts, lambda sums: ratio(sums[:, 0], sums[:, 1] + sums[:, 2] - sums[:, 0])),
            "average_precision": estimate(levels, _average_precision),
        }
    )


def _regions(results: Sequence[LayerResult], counted_px: int) -> Scores:
    rows = []
    for one in results:
        asked = one.counted(counted_px)
        touches = int(one.overlap.touches.sum())
        rows.append([touches, len(one.overlap.areas), int(one.overlap.found(1)[asked].sum()), int(asked.sum())])
    counts = _table(rows)
    return Scores(
        precision=estimate(counts, lambda sums: ratio(sums[:, 0], sums[:, 1])),
        recall=estimate(counts, lambda sums: ratio(sums[:, 2], sums[:, 3])),
        f1=estimate(counts, _region_f1),
    )


def _scores(counts: Counts) -> Scores:
    """Return the scores of columns right, said, true."""
    return Scores(
        precision=estimate(counts, lambda sums: ratio(sums[:, 0], sums[:, 1])),
        recall=estimate(counts, lambda sums: ratio(sums[:, 0], sums[:, 2])),
        f1=estimate(counts, lambda sums: ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2])),
    )


def _region_f1(sums: Counts) -> Counts:
    precision, recall = ratio(sums[:, 0], sums[:, 1]), ratio(sums[:, 2], sums[:, 3])
    precision = np.where(np.isnan(precision) & ~np.isnan(recall), 0, precision)  # nothing said where something is
    return ratio(2 * precision * recall, precision + recall)


def _average_precision(sums: Counts) -> Counts:
    defect, other = sums[:, :LEVELS][:, ::-1], sums[:, LEVELS:][:, ::-1]
    hits = np.cumsum(defect, axis=1)
    precision = hits / np.maximum(hits + np.cumsum(other, axis=1), 1)
    return ratio((precision * defect).sum(axis=1), defect.sum(axis=1))


def _table(rows: Sequence[Sequence[float] | NDArray[np.int64]]) -> Counts:
    return np.array(rows, np.float64)
