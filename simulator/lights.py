"""Shading: what a camera above the plate sees of a surface under one lamp."""

import cv2
import numpy as np

from simulator.build import Build
from simulator.geometry import illumination
from simulator.noise import Field
from simulator.optics import Lamp
from simulator.surface import Surface

AMBIENT = 0.18  # light that the chamber scatters back from everywhere
SHADOW_DEPTH = 0.65
SHADOW_STEPS = 10


def radiance(build: Build, lamp: Lamp, surface: Surface) -> Field:
    """Return the light that reaches the camera, (H, W) float32, about 1 for flat powder in the middle.

    Powder scatters by Lambert's cosine; metal adds Blinn's highlight, which follows the direction of the hatch.
    """
    slope_x = cv2.Sobel(surface.height, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    slope_y = cv2.Sobel(surface.height, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    steepness = cv2.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    away = slope_x * np.float32(np.cos(lamp.azimuth)) + slope_y * np.float32(np.sin(lamp.azimuth))
    cosine = np.maximum(1 - away * np.float32(1 / np.tan(lamp.elevation)), 0) / steepness
    matt = surface.albedo * (AMBIENT + (1 - AMBIENT) * cosine)
    light = _with_highlights(build, lamp, surface, matt=matt, away=away, steepness=steepness)
    _cast_shadows(lamp, surface, light)
    return np.asarray(light * illumination(build, lamp), dtype=np.float32)


def _with_highlights(  # noqa: PLR0913 - the terms of one formula
    build: Build, lamp: Lamp, surface: Surface, *, matt: Field, away: Field, steepness: Field
) -> Field:
    if not surface.gloss.any():
        return matt
    rise, reach = np.sin(lamp.elevation), np.cos(lamp.elevation)
    halfway = np.hypot(reach, rise + 1)
    cosine = (np.float32(rise + 1) - away * np.float32(reach)) / (np.float32(halfway) * steepness)
    highlight = cv2.exp(np.float32(build.look.shininess) * (cosine - 1))
    shiny = matt * 0.75 + np.float32(build.look.specular) * highlight
    return np.asarray(matt + surface.gloss * (shiny - matt), dtype=np.float32)


def _cast_shadows(lamp: Lamp, surface: Surface, light: Field) -> None:
    """Darken what lies behind something tall, seen from the lamp."""
    if not surface.tall.any():
        return
    reach = float(surface.tall.max()) / np.tan(lamp.elevation)
    x, y, width, height = cv2.boundingRect((surface.tall > 0).astype(np.uint8))
    margin = int(reach) + 4
    near = slice(max(0, y - margin), y + height + margin), slice(max(0, x - margin), x + width + margin)
    light[near] *= 1 - SHADOW_DEPTH * _shadow(lamp, surface.tall[near], reach)


def _shadow(lamp: Lamp, tall: Field, reach: float) -> Field:
    """Return how deep in shadow each place is, (h, w) float32 0..1."""
    shadow = np.zeros_like(tall)
    for step in np.linspace(reach / SHADOW_STEPS, reach, SHADOW_STEPS):
        shift_x, shift_y = -step * np.cos(lamp.azimuth), -step * np.sin(lamp.azimuth)
        move = np.array([[1, 0, shift_x], [0, 1, shift_y]], dtype=np.float32)
        ridge = cv2.warpAffine(tall, move, tall.shape[::-1])
        above = ridge - np.float32(step * np.tan(lamp.elevation)) - tall
        np.maximum(shadow, np.clip(above, 0, 1), out=shadow)
    return np.asarray(cv2.GaussianBlur(shadow, (0, 0), 0.8), np.float32)
