"""How easily marks that have nothing to do with each other would lie at one place."""

from math import comb

import numpy as np
from numpy.typing import NDArray

from monitoring.over_layers.finds import Boxes
from monitoring.over_layers.places import ALIKE

LEAST_ODDS = 1e-3  # of a coincidence anywhere in the window; what is likelier than this says nothing
ROUNDS = 30

Chances = NDArray[np.float64]


def chance_in_a_layer(some: Boxes, seen_once: Boxes, *, layers: int, size: tuple[int, int], reach: float) -> Chances:
    """Return with which chance 0..1 a layer of unrelated marks shows each of `some`, (n,).

    Args:
        some: (n, 4) the places that are asked about.
        seen_once: (m, 4) the marks of all layers that no other layer shows.
        layers: how many.
        size: width and height of the picture in px.
        reach: how much larger a mark counts on each side, in px.
    """
    if not len(some) or not len(seen_once):
        return np.zeros(len(some))
    met = _chance_to_meet(seen_once, seen_once, size, reach) / layers
    missing = _with_those_that_met(float(met.mean()), layers)
    return np.minimum(_chance_to_meet(some, seen_once, size, reach) / layers * missing, 1)


def _chance_to_meet(some: Boxes, marks: Boxes, size: tuple[int, int], reach: float) -> Chances:
    """Return how many of the marks (m, 4), thrown at random, would show each of `some` (n, 4): (n,)."""
    own, other = some[:, None, 2:] + 2 * reach, marks[None, :, 2:] + 2 * reach
    most = np.minimum(own, other)  # that two of these sizes can overlap
    could = (most >= ALIKE * own).all(axis=2) & (most >= ALIKE * np.maximum(own, other)).any(axis=2)
    around = np.minimum((own + other) / np.asarray(size, np.float64), 1).prod(axis=2)
    return np.asarray((around * could).sum(axis=1), np.float64)


def _with_those_that_met(chance: float, layers: int) -> float:
    """Return how many times more marks there are than were seen once: where there are many, some met by chance.

    A mark meets none in the other layers with (1 - p)^(layers - 1), and p grows with the marks that there are.
    """
    true = chance
    for _ in range(ROUNDS):
        true = min(chance / max((1 - true) ** (layers - 1), 1e-9), 1.0)
    return true / chance if chance else 1.0


def at_least(hits: int, tries: int, chance: float) -> float:
    """Return with which probability so many of so many tries hit: the upper tail of the binomial distribution."""
    return sum(comb(tries, k) * chance**k * (1 - chance) ** (tries - k) for k in range(hits, tries + 1))
