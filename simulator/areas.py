"""Defects that follow the parts or the powder bed: edges that stand out, powder that is missing."""

import cv2
import numpy as np

from layerwatch.layers import Stage
from simulator.defects import Event
from simulator.geometry import bed_mask, coordinates, part_coverage, recoat_coordinates
from simulator.melt import melt_parts
from simulator.noise import Field, grains, wander, waves
from simulator.parts import draw_part
from simulator.site import Footprint, Site
from simulator.streams import log_uniform, stream


def draw_super_elevation(site: Site, event: Event) -> Footprint:
    """Raise a stretch of one part's edge out of the powder."""
    build, rng = site.build, stream(site.build.seed, event.name)
    if not build.parts:
        return np.zeros(site.metal.shape, np.bool_)
    canvas = np.zeros(site.metal.shape, np.uint8)
    part = build.parts[int(rng.integers(len(build.parts)))]
    after_melting = site.stage is Stage.MELT
    draw_part(canvas, part, site.layer if after_melting else max(1, site.layer - 1))
    inner = cv2.distanceTransform((canvas > 127).astype(np.uint8), cv2.DIST_L2, 3)
    outer = cv2.distanceTransform((canvas <= 127).astype(np.uint8), cv2.DIST_L2, 3)
    width = float(rng.uniform(2.0, 5.5)) * build.zoom
    rim = np.exp(-(((inner - outer) / width - 0.4) ** 2)) * _stretch(rng, site, part.x, part.y)
    rim = rim.astype(np.float32) * (outer < 50)
    strength = max(site.contrast(rng, 3.0, 10.0), 0.5 if after_melting else 0.0)
    tone = strength * float(rng.choice([-0.7, 0.7]))
    site.surface.height += 0.75 * strength * width * rim
    site.surface.tall += np.where(rim > 0.4, 0.35 * width * strength * rim, 0).astype(np.float32)
    # Over metal a raised rim is scorched or bright by itself, not in proportion to the dark metal below.
    site.surface.albedo += tone * rim * (np.float32(0.8) if after_melting else site.surface.albedo)
    np.maximum(site.surface.albedo, 0.08, out=site.surface.albedo)
    np.maximum(site.surface.gloss, 0.6 * build.look.melt_gloss * np.clip(rim * 1.5 - 0.5, 0, 1), out=site.surface.gloss)
    return np.asarray(rim > 0.3, np.bool_)


def _stretch(rng: np.random.Generator, site: Site, x: float, y: float) -> Field:
    """Limit to a sector seen from the middle of the part; corners curl up first."""
    columns, rows = coordinates(site.build.size)
    angle = np.arctan2(rows - y, columns - x)
    middle, half = float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(0.25, 1.6))
    off = np.abs((angle - middle + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(np.clip((half - off) / 0.12, 0, 1), np.float32)


def draw_incomplete_spreading(site: Site, event: Event) -> Footprint:
    """Leave powder away: at the end of the bed, where it ran out, or in a tongue behind an obstacle."""
    build, rng = site.build, stream(site.build.seed, event.name)
    gap = _short_feed(rng, site) if rng.random() < 0.45 else _tongue(rng, site)
    gap = np.asarray(cv2.GaussianBlur(gap * bed_mask(build), (0, 0), 1.2 * build.zoom), np.float32)
    strength = site.contrast(rng, 3.5, 10.0)
    old = np.float32(1 + max(strength, 0.12) * float(rng.choice([-1.0, -1.0, -1.0, 0.8])))
    coarse = 1 + 1.4 * build.look.texture * grains(rng, build.size, 2.2 * build.look.grain_px)
    patchy = 1 + 0.25 * strength * waves(rng, build.size, 40 * build.zoom)
    site.surface.albedo *= 1 + gap * (old * coarse * patchy - 1)
    site.surface.height -= float(rng.uniform(0.6, 1.6)) * build.zoom * gap
    if site.layer > 1:
        melt_parts(build, site.layer - 1, site.surface, part_coverage(build, site.layer - 1) * gap)
    return np.asarray(gap > 0.5, np.bool_)


def _short_feed(rng: np.random.Generator, site: Site) -> Field:
    """The powder ran out before the end of the recoater's way."""
    along, across = recoat_coordinates(site.build)
    bed = bed_mask(site.build) > 0.5
    reach = log_uniform(rng, 15, 140) * site.build.zoom
    front = float(along[bed].max()) - reach + 9 * site.build.zoom * wander(rng, across, 60 * site.build.zoom)
    centre = float(rng.choice([across.mean(), across.min(), across.max()]))
    half = float(rng.uniform(0.25, 1.2)) * site.build.size
    sideways = np.abs(across - centre) + 12 * site.build.zoom * wander(rng, along, 40 * site.build.zoom)
    return np.asarray((along > front) & (sideways < half), np.float32)


def _tongue(rng: np.random.Generator, site: Site) -> Field:
    """A shadow of missing powder that begins blunt and narrows along the recoater's way."""
    along, across = recoat_coordinates(site.build)
    x, y = site.spot(rng, on_metal=0.5)
    start, centre = float(along[int(y), int(x)]), float(across[int(y), int(x)])
    length = log_uniform(rng, 40, 320) * site.build.zoom
    half = log_uniform(rng, 10, 70) * site.build.zoom
    done = (along - start) / length
    taper = float(rng.uniform(0.2, 1.0))
    narrowing = half * np.clip(1 - done, 0, 1) ** taper
    blunt = done + 0.05 * wander(rng, across, 15 * site.build.zoom)
    left = narrowing * (1 + 0.3 * wander(rng, along, 22 * site.build.zoom))
    right = narrowing * (1 + 0.3 * wander(rng, along, 22 * site.build.zoom))
    inside = (centre - left < across) & (across < centre + right)
    return np.asarray((blunt > 0) & (done < 1) & inside, np.float32)
