"""One print job: its parts, powder, lamps and camera. Everything is decided by the seed."""

from dataclasses import dataclass

import numpy as np

from simulator.look import Look, plan_look
from simulator.optics import Camera, Lamp, plan_camera, plan_lamps
from simulator.parts import Part, plan_parts
from simulator.planned import Planned
from simulator.streams import stream

REFERENCE_MM_PER_PX = 0.05  # the sizes below are in pixels at this scale
Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A whole print job; hashable, so that what is costly to draw can be kept."""

    seed: int
    size: int
    mm_per_px: float
    defect_rate: float
    bits: int
    look: Look
    camera: Camera
    lamps: tuple[Lamp, ...]
    parts: tuple[Part, ...]
    bed: Polygon | None  # corners in px, none where the powder fills the picture
    recoat_along_x: bool
    recoat_skew: float
    planned: tuple[Planned, ...] = ()

    @property
    def zoom(self) -> float:
        """Pixels here for one pixel at the reference scale."""
        return REFERENCE_MM_PER_PX / self.mm_per_px


def plan_build(  # noqa: PLR0913 - each is one option of the command line
    *,
    seed: int,
    size: int,
    lights: tuple[str, ...] = ("a", "b", "c"),
    bits: int = 16,
    mm_per_px: float = REFERENCE_MM_PER_PX,
    defect_rate: float = 0.6,
    plate: Polygon | None = None,
    planned: tuple[Planned, ...] = (),
) -> Build:
    """Return the print job of a seed.

    Args:
        seed: decides everything that is not given here.
        size: side of the picture in px.
        lights: names of the lights, none for one picture without a name.
        bits: of the picture, 8 or 16.
        mm_per_px: physical size of a pixel.
        defect_rate: share of layer sets with a defect, 0..1.
        plate: the powder bed in fractions of width and height, none to let the seed decide.
        planned: defects that are there whatever the seed says.
    """
    rng = stream(seed, "build")
    zoom = REFERENCE_MM_PER_PX / mm_per_px
    bed = tuple((x * size, y * size) for x, y in plate) if plate else _plan_bed(stream(seed, "bed"), size)
    return Build(
        seed=seed,
        size=size,
        mm_per_px=mm_per_px,
        defect_rate=defect_rate,
        bits=bits,
        look=plan_look(stream(seed, "look"), zoom),
        camera=plan_camera(stream(seed, "camera"), zoom),
        lamps=plan_lamps(stream(seed, "lamps"), lights or ("",)),
        parts=plan_parts(stream(seed, "parts"), size, zoom, bed),
        bed=bed,
        recoat_along_x=bool(rng.random() < 0.5),
        recoat_skew=float(rng.normal(0, 0.006)),
        planned=planned,
    )


def _plan_bed(rng: np.random.Generator, size: int) -> Polygon | None:
    if rng.random() < 0.55:
        return None
    left, top, right, bottom = rng.uniform(0.0, 0.09, 4) * (rng.random(4) < 0.7)
    tilt = rng.uniform(-0.02, 0.02, 4)
    corners = (
        (left + tilt[0], top + tilt[1]),
        (1 - right + tilt[2], top),
        (1 - right, 1 - bottom),
        (left, 1 - bottom + tilt[3]),
    )
    return tuple((float(x) * size, float(y) * size) for x, y in corners)
