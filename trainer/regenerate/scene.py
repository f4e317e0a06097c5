"""What a method looks at: the lights of one layer set, and pictures of the same build that show what is normal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.read import Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One layer set and its neighbours, all pictures of one size (H, W).

    Attributes:
        lights: the pictures to judge, one a light.
        neighbours: the same lights of the nearest other layers of this build and stage, nearest first; may be empty.
        spread: the same lights of this layer after spreading, where `lights` is after melting; empty if unknown.
        plate: (H, W) bool, the pixels to judge; None for all.
    """

    lights: Sequence[Picture]
    neighbours: Sequence[Sequence[Picture]] = ()
    spread: Sequence[Picture] = ()
    plate: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        sets = [self.lights, *self.neighbours, *([self.spread] if self.spread else [])]
        if not self.lights or any(len(lights) != len(self.lights) for lights in sets):
            raise ValueError(f"expected one or more lights in every set, got {[len(lights) for lights in sets]}")
        shapes = {picture.pixels.shape for lights in sets for picture in lights}
        if len(shapes) > 1 or (self.plate is not None and {self.plate.shape} != shapes):
            raise ValueError(f"expected pictures and plate of one size, got {sorted(shapes)}")

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.lights[0].pixels.shape
        return height, width


def grey(picture: Picture) -> NDArray[np.float32]:
    """Return (H, W) float32, 0 for black to 1 for saturated, from every bit that the picture has."""
    return picture.pixels.astype(np.float32) / np.float32(picture.full_scale)
