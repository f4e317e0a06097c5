"""The layer after the recoater: fresh powder, through which the parts below show faintly."""

import cv2
import numpy as np

from layerwatch.layers import Stage
from simulator.build import Build
from simulator.geometry import part_coverage, recoat_coordinates
from simulator.noise import Field, grains, stripes, waves
from simulator.streams import stream
from simulator.surface import Surface, flat_surface

MEAN_COTANGENT = 1.6  # of the lamps' elevation: the gain from slope to brightness


def spread_powder(build: Build, layer: int, stage: Stage) -> Surface:
    """Return the powder of a layer; its grains are new in every layer, what lies between is the build's.

    The melt stage has the powder of the recoat stage before it, so the same layer gives the same grains.
    """
    look, size = build.look, build.size
    rng = stream(build.seed, "powder", layer)
    surface = flat_surface(size)
    texture = grains(rng, size, look.grain_px)
    relief = look.texture * look.relief_share / MEAN_COTANGENT * max(look.grain_px, 1.0) * 0.7
    surface.height += relief * texture
    scale = float(rng.uniform(30, 90)) * build.zoom
    surface.height += look.waviness * scale / 2.5 * waves(rng, size, scale)
    surface.height += _faint_stripes(build, layer) * 2.0 / MEAN_COTANGENT
    own = cv2.blur(np.roll(texture, (7, 13), (0, 1)), (2, 2)) * 1.4
    surface.albedo += look.texture * (1 - look.relief_share) * own
    surface.albedo += look.mottling * waves(rng, size, float(rng.uniform(60, 250)) * build.zoom)
    surface.albedo += 0.4 * _faint_stripes(build, layer)
    if stage is Stage.RECOAT and layer > 1:
        _show_parts_below(build, layer - 1, surface)
    return surface


def _faint_stripes(build: Build, layer: int) -> Field:
    _, across = recoat_coordinates(build)
    lasting = stripes(stream(build.seed, "stripes"), across, 6 * build.zoom)
    fresh = stripes(stream(build.seed, "stripes", layer), across, 3 * build.zoom)
    return np.asarray(build.look.stripes * (0.7 * lasting + 0.5 * fresh), dtype=np.float32)


def _show_parts_below(build: Build, layer: int, surface: Surface) -> None:
    below = cv2.GaussianBlur(part_coverage(build, layer), (0, 0), 1.6 * build.zoom)
    surface.albedo *= 1 + build.look.ghost * below
    surface.height += build.look.ghost_height * below
