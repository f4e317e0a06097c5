"""How easily marks that have nothing to do with each other would lie at one place."""

from math import comb

import numpy as np
from numpy.typing import NDArray

from monitoring.over_layers.finds import Boxes
from monitoring.over_layers.places import ALIKE, overlaps, same_place

LEAST_ODDS = 1e-3  # of a coincidence anywhere in the window; what is likelier than this says nothing
LONG = 3  # times as long as wide: pieces of a streak lie in a row, and not by chance

Chances = NDArray[np.float64]


def chance_in_a_layer(  # noqa: PLR0913 - what was seen, and how it was looked at
    some: Boxes, marks: Boxes, hits: NDArray[np.intp], *, layers: int, size: tuple[int, int], reach: float
) -> Chances:
    """Return with which chance 0..1 a layer of unrelated marks shows each of `some`, (n,).

    The marks may be scattered over the whole picture, or along a row or a column of it, as on the edge of a plate;
    what makes a coincidence likeliest counts. Those at the place itself are left out.

    Args:
        some: (n, 4) the places that are asked about.
        marks: (m, 4) of all layers.
        hits: (m,) how many layers show each; what many show is one place, and counts as one.
        layers: how many.
        size: width and height of the picture in px.
        reach: how much larger a mark counts on each side, in px.
    """
    own, other = some[:, None, 2:] + 2 * reach, marks[None, :, 2:] + 2 * reach
    most = np.minimum(own, other)  # that two of these sizes can overlap
    could = (most >= ALIKE * own).all(axis=2) & (most >= ALIKE * np.maximum(own, other)).any(axis=2)
    weights = np.where(could & ~same_place(some, marks, reach), 1 / hits, 0)
    around = np.minimum((own + other) / np.asarray(size, np.float64), 1)
    across, down = overlaps(some, marks, reach)
    in_row = around[..., 0] * (down > 0) * (marks[:, 2] < LONG * marks[:, 3])
    in_column = around[..., 1] * (across > 0) * (marks[:, 3] < LONG * marks[:, 2])
    places = np.max([(weights * chance).sum(axis=1) for chance in (around.prod(axis=2), in_row, in_column)], axis=0)
    # With a chance p in each of n layers, the share of places that any layer shows is 1 - (1 - p)^n.
    return np.asarray(1 - (1 - np.minimum(places, 1)) ** (1 / layers), np.float64)


def at_least(hits: int, tries: int, chance: float) -> float:
    """Return with which probability so many of so many tries hit: the upper tail of the binomial distribution."""
    return sum(comb(tries, k) * chance**k * (1 - chance) ** (tries - k) for k in range(hits, tries + 1))
