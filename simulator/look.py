"""How powder and metal of a build look."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.streams import log_uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How powder and melted metal look; lengths in px, contrasts relative to the powder's mean brightness."""

    grain_px: float
    texture: float  # standard deviation of the powder's brightness
    relief_share: float  # how much of the texture is relief, the rest is the grains' own colour
    mottling: float  # slow changes of the powder's colour
    waviness: float  # slow changes of its height, as slope
    stripes: float  # faint lines that every recoater leaves, below what counts as a defect
    ghost: float  # how much a part shows through fresh powder, as brightness
    ghost_height: float
    melt_albedo: float
    melt_gloss: float
    melt_grain: float
    specular: float
    shininess: float
    hatch_px: float
    hatch_slope: float
    hatch_degrees: float  # of layer 0; each layer turns by 67
    islands: Literal["none", "stripes", "chess"]
    island_px: float
    contour_px: float
    contour_gain: float
    sink_px: float


def plan_look(rng: np.random.Generator, zoom: float) -> Look:
    texture = log_uniform(rng, 0.015, 0.075)
    return Look(
        grain_px=float(rng.uniform(1.0, 3.2)) * zoom,
        texture=texture,
        relief_share=float(rng.uniform(0.2, 0.8)),
        mottling=log_uniform(rng, 0.003, 0.02),
        waviness=log_uniform(rng, 0.0015, 0.009),
        stripes=texture * float(rng.uniform(0.0, 0.3)),
        ghost=float(rng.normal(0, 0.03)),
        ghost_height=float(rng.normal(0, 0.12)) * zoom,
        melt_albedo=float(rng.uniform(0.3, 1.15)),
        melt_gloss=float(rng.uniform(0.35, 0.9)),
        melt_grain=log_uniform(rng, 0.03, 0.16),
        specular=log_uniform(rng, 0.5, 2.8),
        shininess=log_uniform(rng, 6.0, 40.0),
        hatch_px=float(rng.uniform(2.6, 7.0)) * zoom,
        hatch_slope=log_uniform(rng, 0.03, 0.25),
        hatch_degrees=float(rng.uniform(0, 180)),
        islands=_ISLANDS[int(rng.integers(3))],
        island_px=float(rng.uniform(50, 150)) * zoom,
        contour_px=float(rng.uniform(1.5, 4.5)) * zoom,
        contour_gain=float(rng.uniform(-0.2, 0.3)),
        sink_px=float(rng.uniform(0.1, 1.2)) * zoom,
    )


_ISLANDS: tuple[Literal["none", "stripes", "chess"], ...] = ("none", "stripes", "chess")
