"""Maps that a whole build, or one layer of it, shares: coordinates, powder bed, parts, lamps."""

from functools import lru_cache

import cv2
import numpy as np

from simulator.build import Build
from simulator.noise import Field, waves
from simulator.optics import Lamp
from simulator.parts import draw_part
from simulator.streams import stream


def _kept(array: Field) -> Field:
    array.flags.writeable = False
    return array


@lru_cache(maxsize=2)
def coordinates(size: int) -> tuple[Field, Field]:
    """Return (H, W) float32 maps of x and y in px."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    return _kept(x), _kept(y)


@lru_cache(maxsize=2)
def recoat_coordinates(build: Build) -> tuple[Field, Field]:
    """Return (H, W) float32 maps: px along the way of the recoater, and px across it."""
    x, y = coordinates(build.size)
    along, across = (x, y) if build.recoat_along_x else (y, x)
    skew = np.float32(build.recoat_skew)
    return _kept(along - skew * across), _kept(across + skew * along)


@lru_cache(maxsize=2)
def bed_mask(build: Build) -> Field:
    """Return 1 where the powder bed is and 0 on the frame around it, (H, W) float32."""
    canvas = np.full((build.size, build.size), 255 if build.bed is None else 0, np.uint8)
    if build.bed is not None:
        corners = np.round(np.asarray(build.bed) * 16).astype(np.int32)
        cv2.fillPoly(canvas, [corners], 255, lineType=cv2.LINE_AA, shift=4)
    return _kept(canvas.astype(np.float32) / np.float32(255))


@lru_cache(maxsize=4)
def part_coverage(build: Build, layer: int) -> Field:
    """Return the share of each pixel that the layer's cross-sections cover, (H, W) float32 0..1."""
    canvas = np.zeros((build.size, build.size), np.uint8)
    for part in build.parts:
        draw_part(canvas, part, layer)
    coverage = canvas.astype(np.float32) / 255
    return _kept(cv2.GaussianBlur(coverage, (0, 0), 0.7))


@lru_cache(maxsize=2)
def part_brightness(build: Build) -> Field:
    """Return how bright the metal near each place is, as parts differ a little; (H, W) float32 around 1."""
    field = np.ones((build.size, build.size), np.float32)
    for part in build.parts:
        cv2.circle(field, (round(part.x), round(part.y)), round(part.radius_px * 1.3), part.brightness, -1)
    return _kept(field)


@lru_cache(maxsize=8)
def illumination(build: Build, lamp: Lamp) -> Field:
    """Return how much of the lamp's light reaches the camera from each place, (H, W) float32 around 1."""
    x, y = (axis / build.size for axis in coordinates(build.size))
    toward = (x - 0.5) * np.cos(lamp.azimuth) + (y - 0.5) * np.sin(lamp.azimuth)
    light = 1 + lamp.falloff * toward
    distance = ((x - lamp.hot_x) ** 2 + (y - lamp.hot_y) ** 2) / lamp.hot_width**2
    light = light + lamp.hot_spot * np.exp(-distance)
    light *= 1 - build.camera.vignetting * 2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    light *= 1 + 0.012 * waves(stream(build.seed, "lamp-dirt", lamp.name), build.size, build.size / 4)
    light *= _reflections(build, lamp)
    return _kept(np.clip(light, 0.08, None).astype(np.float32))


def _reflections(build: Build, lamp: Lamp) -> Field:
    """Chamber walls and windows mirror soft patches on the powder, at the same place in every layer."""
    rng = stream(build.seed, "reflections", lamp.name)
    field = np.ones((build.size, build.size), np.float32)
    for _ in range(int(rng.choice([0, 0, 1, 2, 4]))):
        patch = np.zeros_like(field)
        centre, half = rng.uniform(0, build.size, 2), rng.uniform(0.04, 0.35, 2) * build.size
        if rng.random() < 0.6:
            low, high = (centre - half).astype(int), (centre + half).astype(int)
            cv2.rectangle(patch, low.tolist(), high.tolist(), 1.0, -1)
        else:
            cv2.ellipse(patch, centre.astype(int).tolist(), half.astype(int).tolist(), 0, 0, 360, 1.0, -1)
        soft = cv2.GaussianBlur(patch, (0, 0), float(rng.uniform(2.5, 20)))
        field *= 1 + float(rng.normal(0, 0.05)) * soft
    return field
