"""When two marks lie at one place: pure geometry of boxes, in px."""

import numpy as np
from numpy.typing import NDArray

from monitoring.over_layers.finds import Boxes

ALIKE = 0.3  # share of the longer side that two marks have in common, in at least one direction


def overlaps(some: Boxes, others: Boxes, reach: float) -> NDArray[np.float64]:
    """Return how far each of `some` (n, 4) overlaps each of `others` (m, 4) along x and y: (n, m, 2) px, 0 for not.

    Every box counts half of `reach` larger on each side, so that boxes up to `reach` apart touch.
    """
    first = np.maximum(some[:, None, :2], others[None, :, :2])
    last = np.minimum((some[:, :2] + some[:, 2:])[:, None], (others[:, :2] + others[:, 2:])[None])
    return np.maximum(last - first + reach, 0)


def same_place(some: Boxes, others: Boxes, reach: float) -> NDArray[np.bool_]:
    """Return for each pair, (n, m), whether they touch and are alike along x or along y.

    A streak and a piece of it are alike across; a speck inside a large area is alike in no direction.
    """
    shared = overlaps(some, others, reach)
    longer = np.maximum(some[:, None, 2:], others[None, :, 2:]) + reach
    return np.asarray((shared > 0).all(axis=2) & (shared >= ALIKE * longer).any(axis=2))


def seen_in(some: Boxes, others: Boxes, reach: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether a layer with the boxes `others` shows each of `some`, (n,), and by which boxes, (n, m).

    The boxes at its place have to cover a good part of it together: pieces of a streak do, a speck on it does not.
    """
    same = same_place(some, others, reach)
    shared = (overlaps(some, others, reach) * same[..., None]).sum(axis=1)
    seen = (shared >= ALIKE * (some[:, 2:] + reach)).all(axis=1)
    return seen, same & seen[:, None]


def hull(boxes: Boxes) -> Boxes:
    """Return the smallest box (1, 4) around all boxes (n, 4), n > 0."""
    first = boxes[:, :2].min(axis=0)
    last = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return np.concatenate([first, last - first])[None]
