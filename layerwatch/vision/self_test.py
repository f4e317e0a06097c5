"""What a network has to answer to before it serves: a tile that shows something, and an answer that can be used."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

TOLERANCE: Final = 1e-4  # of a probability, for the last bits of a sigmoid
FLAT: Final = 1e-6  # a network that answers with less than this between its extremes does not look at the picture


def probe_tile(side: int) -> NDArray[np.uint8]:
    """Return a tile (1, side, side, 3) 0..255 that no living network answers evenly, always the same.

    Powder-like noise from dark to bright, with spots and streaks in both directions.
    """
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 24, (side, side, 3))
    tile = (np.linspace(40, 215, side)[None, :, None] + noise).clip(0, 255).astype(np.uint8)
    for number, grey in enumerate((0, 255, 30, 225)):
        along = side * (2 * number + 1) // 8
        cv2.circle(tile, (along, side // 4), max(2, side // 24), (grey,) * 3, -1)
        cv2.line(tile, (0, side // 2 + along // 2), (side, side // 2 + along // 2), (grey,) * 3, max(1, side // 128))
    return tile[None]


def answer_problem(probability: NDArray[np.float32], tile: NDArray[np.uint8]) -> str | None:
    """Return what is wrong with the answer to `probe_tile`, in words, or None.

    Args:
        probability: what the network gave for the tile; right is (1, side, side) float32 0..1.
        tile: (1, side, side, 3).
    """
    expected = tile.shape[:3]
    if probability.shape != expected or probability.dtype != np.float32:
        return f"expected {expected} float32, got {probability.shape} {probability.dtype}"
    if not np.isfinite(probability).all():
        return "its output is not finite"
    low, high = float(probability.min()), float(probability.max())
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        return f"expected probabilities, got {low:.3g} to {high:.3g}"
    if high - low < FLAT:
        return f"it gives {low:.3g} for every pixel, whatever the picture shows"
    return None
