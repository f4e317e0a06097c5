"""One layer set: the pictures of all lights, and the truth about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.layers import Stage
from simulator.areas import draw_incomplete_spreading, draw_super_elevation
from simulator.blobs import draw_debris, draw_pits, draw_spatter
from simulator.build import Build
from simulator.defects import Event, events
from simulator.exposure import clean_surface, expose, record
from simulator.geometry import bed_mask, part_coverage
from simulator.kinds import Kind
from simulator.lights import radiance
from simulator.lines import draw_hopping, draw_streaks
from simulator.noise import Field
from simulator.site import Footprint, Site
from simulator.surface import Surface
from simulator.truth import visibility, visible_kinds

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

_DRAW: Mapping[Kind, Callable[[Site, Event], Footprint]] = {
    Kind.STREAK: draw_streaks,
    Kind.HOPPING: draw_hopping,
    Kind.SUPER_ELEVATION: draw_super_elevation,
    Kind.SPATTER: draw_spatter,
    Kind.INCOMPLETE_SPREADING: draw_incomplete_spreading,
    Kind.DEBRIS: draw_debris,
    Kind.PIT: draw_pits,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RenderedLayer:
    """The pictures of one layer set and the truth beside them.

    Attributes:
        lights: light -> (H, W) uint8 or uint16 picture.
        truth: (H, W) uint8, 255 where the layer is visibly defective.
        kinds: (H, W) uint8, the KIND_INDEX of the defect or 0.
    """

    lights: Mapping[str, Pixels]
    truth: NDArray[np.uint8]
    kinds: NDArray[np.uint8]


def render_layer(build: Build, layer: int, stage: Stage) -> RenderedLayer:
    """Return one layer set; depends on the build, the layer and the stage alone."""
    clean = clean_surface(build, layer, stage)
    found = events(build, layer, stage)
    marked, footprints = _draw_defects(build, layer, stage, clean, found)
    lights: dict[str, Pixels] = {}
    seen: Field = np.zeros((build.size, build.size), np.float32)
    for lamp in build.lamps:
        levels = expose(build, lamp, stage, radiance(build, lamp, marked))
        lights[lamp.name] = record(build, layer, stage, lamp, levels)
        if footprints:
            before = expose(build, lamp, stage, radiance(build, lamp, clean))
            noise = build.camera.read_noise + build.camera.shot_noise * 0.7
            np.maximum(seen, visibility(before, levels, noise), out=seen)
    on_bed = bed_mask(build) > 0.99
    kinds = visible_kinds([(kind, footprint & on_bed) for kind, footprint in footprints], seen)
    return RenderedLayer(lights=lights, truth=np.where(kinds > 0, 255, 0).astype(np.uint8), kinds=kinds)


def _draw_defects(
    build: Build, layer: int, stage: Stage, clean: Surface, found: tuple[Event, ...]
) -> tuple[Surface, list[tuple[Kind, Footprint]]]:
    if not found:
        return clean, []
    metal = part_coverage(build, layer) if stage is Stage.MELT else np.zeros_like(clean.height)
    site = Site(build=build, layer=layer, stage=stage, surface=clean.copy(), metal=metal)
    return site.surface, [(event.kind, _DRAW[event.kind](site, event)) for event in found]
