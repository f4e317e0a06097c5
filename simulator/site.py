"""Where a defect is drawn: the layer's surface, and how strong a mark has to be to be seen on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.layers import Stage
from simulator.build import Build
from simulator.geometry import bed_mask
from simulator.noise import Field
from simulator.streams import log_uniform
from simulator.surface import Surface

Footprint = NDArray[np.bool_]  # (H, W), where a defect changed the surface
MIN_CONTRAST = 0.07


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Site:
    """One layer set to draw defects on; only its surface changes."""

    build: Build
    layer: int
    stage: Stage
    surface: Surface
    metal: Field  # (H, W) share of each pixel that is melted and visible

    def contrast(self, rng: np.random.Generator, low: float = 2.2, high: float = 9.0) -> float:
        """Return a change of brightness between subtle and clear, as a share of the powder's brightness."""
        return float(np.clip(self.build.look.texture * log_uniform(rng, low, high), MIN_CONTRAST, 0.7))

    def spot(self, rng: np.random.Generator, *, on_metal: float = 0.0) -> tuple[float, float]:
        """Return a place x, y on the powder bed; with the chance `on_metal` on melted metal, if there is any."""
        allowed = bed_mask(self.build) > 0.99
        if rng.random() < on_metal:
            melted = allowed & (self.metal > 0.9)
            allowed = melted if melted.any() else allowed
        return _any_place(rng, allowed)


def _any_place(rng: np.random.Generator, allowed: NDArray[np.bool_]) -> tuple[float, float]:
    height, width = allowed.shape
    for _ in range(200):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        if allowed[y, x]:
            return float(x), float(y)
    places = np.flatnonzero(allowed)
    place = int(places[int(rng.integers(len(places)))]) if len(places) else height * width // 2
    return float(place % width), float(place // width)
