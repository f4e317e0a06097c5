"""Several lights, one answer: how strong the evidence is that enough of them share."""

import numpy as np
from numpy.typing import NDArray

from trainer.regenerate.order import ascending


def majority(number: int) -> int:
    """Return how many of so many lights are more than half of them."""
    return number // 2 + 1


def agreed(
    evidence: NDArray[np.float32], sees: NDArray[np.bool_] | None = None, needed: int | None = None
) -> NDArray[np.float32]:
    """Return (H, W), the strength that at least `needed` lights reach: where it exceeds a threshold, so many do.

    Args:
        evidence: (lights, H, W), 0 for none, of each light.
        sees: (lights, H, W), False where a light is blind, as where it is saturated; it does not vote there. Then as
            many of the others are needed as there are, at most, and none where all are blind.
        needed: votes; by default the majority of the lights that see.
    """
    number = len(evidence)
    if needed is not None and not 1 <= needed <= number:
        raise ValueError(f"expected 1 to {number} votes, got {needed}")
    if sees is None:
        return np.asarray(ascending(evidence)[-(needed or majority(number))])
    ranked = ascending(np.where(sees, evidence, np.float32(0)))[::-1]  # the strongest first
    seeing = sees.sum(axis=0, dtype=np.int8)
    wanted = seeing // 2 + 1 if needed is None else np.minimum(needed, np.maximum(seeing, 1))
    picked = ranked[0]
    for place in range(1, number):
        picked = np.where(wanted > place, ranked[place], picked)
    return np.asarray(np.where(seeing > 0, picked, np.float32(0)))
