"""How easily marks that have nothing to do with each other would lie at one place."""

from math import comb

import numpy as np
from numpy.typing import NDArray

from monitoring.over_layers.finds import Boxes
from monitoring.over_layers.places import ALIKE

LEAST_ODDS = 1e-3  # of a coincidence anywhere in the window; what is likelier than this says nothing


def chance_in_a_layer(
    some: Boxes, scatter: Boxes, *, layers: int, size: tuple[int, int], reach: float
) -> NDArray[np.float64]:
    """Return with which chance 0..1 a layer of unrelated marks shows each of `some`, (n,).

    Args:
        some: (n, 4) the places that are asked about.
        scatter: (m, 4) marks that were each seen in one layer alone.
        layers: over how many layers they were scattered.
        size: width and height of the picture in px.
        reach: how far apart two marks at one place may be, in px.
    """
    own, other = some[:, None, 2:], scatter[None, :, 2:]
    most = np.minimum(own, other) + reach
    could = (most >= ALIKE * (own + reach)).all(axis=2) & (most >= ALIKE * (np.maximum(own, other) + reach)).any(axis=2)
    around = np.minimum((own + other + 2 * reach) / np.asarray(size, np.float64), 1).prod(axis=2)
    return np.asarray(np.minimum((around * could).sum(axis=1) / layers, 1), np.float64)


def at_least(hits: int, tries: int, chance: float) -> float:
    """Return with which probability so many of so many tries hit: the upper tail of the binomial distribution."""
    return sum(comb(tries, k) * chance**k * (1 - chance) ** (tries - k) for k in range(hits, tries + 1))
