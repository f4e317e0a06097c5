"""Small things on the layer: spatter, debris and pits."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.layers import Stage
from simulator.defects import Event
from simulator.noise import Field, grains
from simulator.site import Footprint, Site
from simulator.streams import log_uniform, stream

Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lump:
    """A soft blob in a window of the picture: 1 in its middle, 0 outside, (h, w) float32."""

    window: Window
    profile: Field


def draw_spatter(site: Site, event: Event) -> Footprint:
    """Draw particles that flew out of the melt pool; some still stick out of the next powder."""
    rng = stream(site.build.seed, event.name)
    marked = np.zeros(site.metal.shape, np.bool_)
    centre = site.spot(rng, on_metal=0.7)
    spread = log_uniform(rng, 20, 260) * site.build.zoom
    dark = rng.random() < 0.5
    strength = site.contrast(rng, 4.0, 12.0)
    keep = 0.5 if site.stage is Stage.RECOAT else 1.0
    for _ in range(round(log_uniform(rng, 2, 22))):
        x, y = np.array(centre) + rng.normal(0, spread, 2)
        radius = log_uniform(rng, 2.6, 7.5) * site.build.zoom
        tone = float(rng.uniform(0.7, 1.3)) * strength * (-1.2 if dark else 1.2)
        if rng.random() < keep:
            _lay_particle(site, _dome(site, (float(x), float(y)), radius), radius, tone * event.fading, marked)
    return marked


def _lay_particle(site: Site, dome: Lump, radius: float, tone: float, marked: Footprint) -> None:
    """Draw a round grain: a dome with its own colour."""
    at, profile, surface = dome.window, dome.profile, site.surface
    body = np.clip(profile * 3, 0, 1)
    surface.height[at] += 0.5 * radius * profile
    surface.tall[at] += 0.6 * radius * profile
    surface.albedo[at] += body * (np.clip(1 + tone, 0.15, 1.9) - surface.albedo[at])
    surface.gloss[at] *= 1 - 0.5 * body
    marked[at] |= profile > 0.05


def draw_debris(site: Site, event: Event) -> Footprint:
    """Draw an irregular lump that throws a shadow."""
    rng = stream(site.build.seed, event.name)
    marked = np.zeros(site.metal.shape, np.bool_)
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        centre = site.spot(rng, on_metal=0.2)
        size = log_uniform(rng, 5, 34) * site.build.zoom
        lump = _lump(rng, site, centre, size, float(rng.uniform(0.35, 1.0)))
        tall = float(rng.uniform(0.8, 4.0)) * site.build.zoom
        tone = site.contrast(rng, 3.0, 12.0) * float(rng.choice([-1.0, 1.0]))
        rough = _rough(rng, lump, 6 * site.build.zoom)
        site.surface.height[lump.window] += lump.profile * (tall + 0.35 * site.build.zoom * rough)
        site.surface.tall[lump.window] += tall * lump.profile
        body = np.clip(lump.profile * 2.5, 0, 1)
        site.surface.albedo[lump.window] *= np.clip(1 + body * (tone + 0.08 * rough), 0.1, 2.2)
        marked[lump.window] |= lump.profile > 0.12
    return marked


def _rough(rng: np.random.Generator, lump: Lump, grain_px: float) -> Field:
    height, width = lump.profile.shape
    return grains(rng, max(height, width, 1), grain_px)[:height, :width]


def draw_pits(site: Site, event: Event) -> Footprint:
    """Draw small dark hollows: pores in metal, holes in powder."""
    rng = stream(site.build.seed, event.name)
    marked = np.zeros(site.metal.shape, np.bool_)
    in_metal = site.stage is Stage.MELT
    largest = 8.0 if in_metal else 18.0
    for _ in range(int(rng.integers(1, 7 if in_metal else 4))):
        centre = site.spot(rng, on_metal=0.92 if in_metal else 0.0)
        size = log_uniform(rng, 3.0, largest) * site.build.zoom
        hollow = _lump(rng, site, centre, size, float(rng.uniform(0.6, 1.0)))
        strength = max(site.contrast(rng, 3.5, 12.0), 0.35 if in_metal else 0.0)
        at, profile = hollow.window, hollow.profile
        site.surface.height[at] -= 0.5 * strength * size * profile
        body = np.clip(profile * 2.2, 0, 1)
        site.surface.albedo[at] *= 1 - min(1.1 * strength, 0.85) * body
        site.surface.gloss[at] *= 1 - 0.95 * body
        marked[at] |= profile > 0.15
    return marked


def _window(site: Site, centre: tuple[float, float], reach: float) -> Window:
    height, width = site.metal.shape
    x, y = centre
    rows = slice(int(np.clip(y - reach, 0, height)), int(np.clip(y + reach + 2, 0, height)))
    columns = slice(int(np.clip(x - reach, 0, width)), int(np.clip(x + reach + 2, 0, width)))
    return rows, columns


def _dome(site: Site, centre: tuple[float, float], radius: float) -> Lump:
    rows, columns = window = _window(site, centre, radius + 1)
    y, x = np.ogrid[rows, columns]
    distance = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / radius**2
    return Lump(window=window, profile=np.sqrt(np.maximum(1 - distance, 0)).astype(np.float32))


def _lump(rng: np.random.Generator, site: Site, centre: tuple[float, float], size: float, aspect: float) -> Lump:
    """Return an irregular blob."""
    corners = _irregular(rng, size, aspect)
    margin = max(3.0, 0.6 * size)
    low, high = np.floor(corners.min(axis=0) - margin), np.ceil(corners.max(axis=0) + margin)
    width, height = (high - low).astype(int).tolist()
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, [np.round((corners - low) * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(canvas, (0, 0), max(0.8, 0.18 * size)).astype(np.float32)
    left, top = (np.array(centre) + low).astype(int).tolist()
    return _inside(site, soft / max(float(soft.max()), 1.0), left, top)


def _inside(site: Site, profile: Field, left: int, top: int) -> Lump:
    """Cut off what lies outside the picture."""
    height, width = site.metal.shape
    up, down = max(0, -top), max(0, min(profile.shape[0], height - top))
    start, end = max(0, -left), max(0, min(profile.shape[1], width - left))
    window = slice(top + up, max(top + down, top + up)), slice(left + start, max(left + end, left + start))
    return Lump(window=window, profile=profile[up : max(down, up), start : max(end, start)])


def _irregular(rng: np.random.Generator, size: float, aspect: float) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = np.ones_like(angles)
    for wave in range(2, 8):
        radius += rng.normal(0, 0.4 / wave) * np.cos(wave * angles + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.35, 1.8) * size
    turn = float(rng.uniform(0, np.pi))
    curve = np.stack([radius * np.cos(angles), aspect * radius * np.sin(angles)], axis=1)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(curve @ rotation, np.float64)
