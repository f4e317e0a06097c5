"""When two marks lie at one place: pure geometry of boxes, in px."""

import numpy as np
from numpy.typing import NDArray

from monitoring.over_layers.finds import Boxes

ALIKE = 0.3  # share of the longer side that two marks have in common, in at least one direction

Pairs = NDArray[np.bool_]  # (n, m)


def overlaps(some: Boxes, others: Boxes, reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far each pair overlaps along x and along y, both (n, m) px, 0 for not at all."""
    along = []
    for axis in (0, 1):
        first = np.maximum(some[:, axis, None], others[:, axis])
        last = np.minimum((some[:, axis] + some[:, axis + 2])[:, None], others[:, axis] + others[:, axis + 2])
        along.append(np.maximum(last - first + 2 * reach, 0))
    return along[0], along[1]


def same_place(some: Boxes, others: Boxes, reach: float) -> Pairs:
    """Return for each of `some` (n, 4) and of `others` (m, 4) whether they touch and are alike along x or along y.

    Every box counts `reach` px larger on each side, so that equal marks about that far apart lie at one place.
    A streak and a piece of it are alike across; a speck inside a large area is alike in no direction.
    """
    return _same(some, others, reach, *overlaps(some, others, reach))


def seen_in(some: Boxes, others: Boxes, reach: float) -> tuple[NDArray[np.bool_], Pairs]:
    """Return whether a layer with the boxes `others` shows each of `some`, (n,), and by which boxes, (n, m).

    The boxes at its place have to cover a good part of it together: pieces of a streak do, a speck on it does not.
    """
    across, down = overlaps(some, others, reach)
    same = _same(some, others, reach, across, down)
    width, height = (ALIKE * (some[:, 2:] + 2 * reach)).T
    seen = ((across * same).sum(axis=1) >= width) & ((down * same).sum(axis=1) >= height)
    return seen, same & seen[:, None]


def hull(boxes: Boxes) -> Boxes:
    """Return the smallest box (1, 4) around all boxes (n, 4), n > 0."""
    first = boxes[:, :2].min(axis=0)
    last = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return np.concatenate([first, last - first])[None]


def _same(some: Boxes, others: Boxes, reach: float, across: NDArray[np.float64], down: NDArray[np.float64]) -> Pairs:
    wider, higher = (np.maximum(some[:, side, None], others[:, side]) + 2 * reach for side in (2, 3))
    alike = (across >= ALIKE * wider) | (down >= ALIKE * higher)
    return np.asarray((across > 0) & (down > 0) & alike)
