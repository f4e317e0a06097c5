"""The layer after exposure: hatched metal, slightly sunk, that mirrors where the hatch turns it to the light."""

import cv2
import numpy as np

from simulator.build import Build
from simulator.geometry import coordinates, part_brightness, part_coverage
from simulator.noise import Field, grains, waves
from simulator.streams import stream
from simulator.surface import Surface

HATCH_TURN_DEGREES = 67.0


def melt_parts(build: Build, layer: int, surface: Surface, coverage: Field | None = None) -> None:
    """Turn the powder into metal wherever the layer's parts are, in place.

    Args:
        build: the print job.
        layer: whose hatch is drawn.
        surface: the powder.
        coverage: (H, W) float32 0..1, where there is metal; by default the parts of the layer.
    """
    look = build.look
    metal = part_coverage(build, layer) if coverage is None else coverage
    rng = stream(build.seed, "melt", layer)
    rough = grains(rng, build.size, max(1.6, look.grain_px))
    hatch, tint = _hatch(build, layer)
    relief = look.hatch_slope * look.hatch_px / (2 * np.pi) * hatch + 0.35 * look.melt_grain * rough - look.sink_px
    surface.height += metal * (relief - surface.height)
    contour = _contour(build, metal)
    albedo = look.melt_albedo * (1 + 0.6 * look.melt_grain * rough + tint + look.contour_gain * contour)
    surface.albedo += metal * (albedo * part_brightness(build) - surface.albedo)
    np.maximum(surface.gloss, metal * look.melt_gloss, out=surface.gloss)


def _contour(build: Build, metal: Field) -> Field:
    """The track along the border of a part, 0..1."""
    inside = (metal > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    return np.asarray(np.exp(-((depth - 1.2 * build.look.contour_px) ** 2) / build.look.contour_px**2), np.float32)


def _hatch(build: Build, layer: int) -> tuple[Field, Field]:
    """Return the waves of the scan tracks (-1..1) and the tint of islands, both (H, W) float32."""
    look = build.look
    angle = np.radians(look.hatch_degrees + HATCH_TURN_DEGREES * layer)
    x, y = coordinates(build.size)
    u = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    v = y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))
    rng = stream(build.seed, "hatch", layer)
    jitter = 0.12 * look.hatch_px * waves(rng, build.size, 25 * build.zoom)
    pitch = np.float32(2 * np.pi / look.hatch_px)
    along_u = np.sin((u + jitter) * pitch)
    tint = 0.04 * waves(rng, build.size, 120 * build.zoom)
    if look.islands == "none":
        return along_u, tint
    columns = np.floor(v / look.island_px).astype(np.int32)
    if look.islands == "stripes":
        return along_u, tint + _seams(v, look.island_px) + 0.05 * ((columns & 1) - 0.5).astype(np.float32)
    odd = (columns + np.floor(u / look.island_px).astype(np.int32)) & 1 == 1
    hatch = np.where(odd, np.sin((v + jitter) * pitch), along_u)
    seams = _seams(v, look.island_px) + _seams(u, look.island_px)
    return hatch.astype(np.float32), tint + seams + 0.05 * (odd.astype(np.float32) - 0.5)


def _seams(position: Field, island_px: float) -> Field:
    """Neighbouring islands overlap in a slightly brighter line."""
    distance = np.abs(position / island_px - np.round(position / island_px)) * island_px
    return np.asarray(0.10 * (distance < 1.2), dtype=np.float32)
