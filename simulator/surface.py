"""The surface of one layer: one height map and what it is made of, the same for every light."""

from dataclasses import dataclass

import numpy as np

from simulator.noise import Field


@dataclass(slots=True, eq=False)
class Surface:
    """What the lamps shine on; (H, W) float32 each, changed in place while it is built up.

    Attributes:
        height: in px, powder level is 0.
        albedo: brightness under even light, powder is 1.
        gloss: 0 is matt powder, 1 is a mirror.
        tall: height of what stands high enough to throw a shadow, 0 elsewhere.
    """

    height: Field
    albedo: Field
    gloss: Field
    tall: Field

    def copy(self) -> "Surface":
        return Surface(self.height.copy(), self.albedo.copy(), self.gloss.copy(), self.tall.copy())


def flat_surface(size: int) -> Surface:
    """Return matt powder without any texture."""
    return Surface(
        height=np.zeros((size, size), np.float32),
        albedo=np.ones((size, size), np.float32),
        gloss=np.zeros((size, size), np.float32),
        tall=np.zeros((size, size), np.float32),
    )
