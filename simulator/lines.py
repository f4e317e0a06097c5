"""Lines that the recoater leaves: streaks along its way, hopping across it."""

import numpy as np

from simulator.defects import Event
from simulator.geometry import recoat_coordinates
from simulator.noise import Field, wander
from simulator.site import Footprint, Site
from simulator.streams import log_uniform, stream


def draw_streaks(site: Site, event: Event) -> Footprint:
    """Draw one to three thin straight troughs or ridges along the recoat direction."""
    rng = stream(site.build.seed, event.name)
    along, across = recoat_coordinates(site.build)
    marked = np.zeros(along.shape, np.bool_)
    for number in range(int(rng.choice([1, 1, 2, 3]))):
        x, y = site.spot(rng)
        centre = float(across[int(y), int(x)])
        width = log_uniform(rng, 2.2, 11) * site.build.zoom
        ends = _ends(rng, along, float(along[int(y), int(x)]))
        off = np.abs(across - centre - 0.35 * wander(rng, along, 120 * site.build.zoom))
        profile = np.where(off < 2 * width, np.exp(-((off / (0.45 * width)) ** 2)), 0).astype(np.float32)
        profile *= _taper(along, ends, 10 * site.build.zoom)
        profile *= 1 + 0.2 * wander(rng, along, 40 * site.build.zoom)
        strength = site.contrast(rng, 2.6, 9.0) * event.fading
        marked |= _press(site, profile, strength, width, sign=-1 if rng.random() < 0.65 else 1)
        if number == 0 and rng.random() < 0.3:
            _bank(site, off, profile, strength, width)
    return marked


def _ends(rng: np.random.Generator, along: Field, start: float) -> tuple[float, float]:
    """A streak begins where something was caught and goes on to the end, or over the whole bed."""
    low, high = float(along.min()), float(along.max())
    if rng.random() < 0.45:
        return low - 50, high + 50
    return (start, high + 50) if high - start > start - low else (low - 50, start)


def _taper(along: Field, ends: tuple[float, float], soft_px: float) -> Field:
    inside = np.minimum(along - ends[0], ends[1] - along) / soft_px
    return np.asarray(np.clip(inside, 0, 1), np.float32)


def _press(site: Site, profile: Field, strength: float, width: float, *, sign: int) -> Footprint:
    """Push a line into the powder (or raise it); metal below is hardly touched."""
    powder = 1 - 0.85 * site.metal
    site.surface.height += sign * strength * 0.5 * width * profile * powder
    site.surface.albedo *= 1 + (0.6 if sign > 0 else -0.75) * strength * profile * powder
    return np.asarray(profile * powder > 0.3, np.bool_)


def _bank(site: Site, off: Field, profile: Field, strength: float, width: float) -> None:
    """A plough leaves a small bank on both sides of its furrow."""
    bank = np.exp(-(((off - width) / (0.4 * width)) ** 2)) * (profile.max(axis=None) > 0)
    site.surface.height += 0.15 * strength * width * bank.astype(np.float32) * (off < 2 * width) * (1 - site.metal)


def draw_hopping(site: Site, event: Event) -> Footprint:
    """Draw periodic ridges across the recoat direction that grow weaker along it."""
    rng = stream(site.build.seed, event.name)
    along, across = recoat_coordinates(site.build)
    x, y = site.spot(rng)
    start, centre = float(along[int(y), int(x)]), float(across[int(y), int(x)])
    zoom = site.build.zoom
    pitch, width = float(rng.uniform(16, 60)) * zoom, float(rng.uniform(3, 9)) * zoom
    half_span = float(rng.uniform(50, 500)) * zoom
    sides = np.clip((half_span - np.abs(across - centre)) / (20 * zoom), 0, 1)
    bend = 1.5 * zoom * wander(rng, across, 150 * zoom)
    count = int(rng.integers(2, 9))
    strength = site.contrast(rng, 2.8, 8.0) * event.fading
    marked = np.zeros(along.shape, np.bool_)
    for ridge in range(count):
        shift = start + ridge * pitch + float(rng.normal(0, 0.08)) * pitch
        profile = np.exp(-(((along - shift - bend) / (0.5 * width)) ** 2)) * sides
        weaker = strength * (1 - 0.5 * ridge / count)
        marked |= _press(site, profile.astype(np.float32), weaker, width, sign=1 if rng.random() < 0.7 else -1)
    return marked
