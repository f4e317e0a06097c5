"""Sorting a few pictures pixel by pixel; comparing whole pictures is far faster than sorting the values of each."""

import numpy as np
from numpy.typing import NDArray


def ascending(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the pictures (n, H, W) with the values of each pixel sorted along the first axis."""
    ordered = stack.copy()
    for turn in range(len(ordered)):  # odd-even transposition sort
        for lower in range(turn % 2, len(ordered) - 1, 2):
            low, high = ordered[lower], ordered[lower + 1]
            ordered[lower], ordered[lower + 1] = np.minimum(low, high), np.maximum(low, high)
    return ordered
