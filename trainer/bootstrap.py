"""How far a figure may be off, found by drawing the layer sets again and again.

Regions and pixels of one layer set depend on each other, so whole layer sets are drawn, never pixels.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Counts = NDArray[np.float64]  # (..., columns): sums over layer sets, of which a figure is worked out

DRAWS: Final = 1000
CONFIDENCE: Final = 0.95
_AT_ONCE: Final = 50  # draws whose sums are in memory together


class Estimate(BaseModel):
    """A figure and its 95 % bootstrap interval over layer sets; all three None where there was nothing to count."""

    model_config = ConfigDict(frozen=True)

    value: float | None
    low: float | None
    high: float | None


NOTHING: Final = Estimate(value=None, low=None, high=None)


def estimate(counts: Counts, figure: Callable[[Counts], Counts], *, seed: int = 0) -> Estimate:
    """Return a figure of the sums over layer sets with its interval.

    Args:
        counts: (n, columns), what was counted in each layer set.
        figure: from sums (m, columns) to (m,), NaN where there is nothing to work out.
        seed: of the draws.
    """
    value = float(figure(counts.sum(axis=0, keepdims=True))[0]) if len(counts) else float("nan")
    if np.isnan(value):
        return NOTHING
    rng = np.random.default_rng(seed)
    shares = np.full(len(counts), 1 / len(counts))
    drawn = np.concatenate(
        [figure(rng.multinomial(len(counts), shares, _AT_ONCE) @ counts) for _ in range(DRAWS // _AT_ONCE)]
    )
    drawn = drawn[~np.isnan(drawn)]
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(drawn, (tail, 100 - tail)) if len(drawn) else (value, value)
    return Estimate(value=value, low=float(low), high=float(high))


def ratio(of: Counts, to: Counts) -> Counts:
    """Return of / to, NaN where `to` is 0."""
    return np.asarray(np.divide(of, to, out=np.full(np.shape(of), np.nan), where=np.asarray(to) > 0))
