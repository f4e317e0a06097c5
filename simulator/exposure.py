"""The camera: exposure that saturates as much as real ones do, blur, noise and bits."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.layers import Stage
from simulator.build import Build
from simulator.geometry import bed_mask, coordinates
from simulator.lights import radiance
from simulator.melt import melt_parts
from simulator.noise import Field, waves
from simulator.optics import Camera, Lamp
from simulator.powder import spread_powder
from simulator.streams import stream
from simulator.surface import Surface

SATURATES = 0.005  # lamps that saturate less are exposed by their peak level


def clean_surface(build: Build, layer: int, stage: Stage) -> Surface:
    """Return the surface as it is without any defect."""
    surface = spread_powder(build, layer, stage)
    if stage is Stage.MELT:
        melt_parts(build, layer, surface)
    return surface


@lru_cache(maxsize=16)
def exposure_gain(build: Build, lamp: Lamp, stage: Stage) -> float:
    """Return the factor from radiance to share of full scale, chosen once on the build's second layer."""
    seen = _blurred(build.camera, radiance(build, lamp, _reference_surface(build, stage)))
    levels = seen[bed_mask(build) > 0.5][::7]
    share = lamp.saturated_melt if stage is Stage.MELT else lamp.saturated_recoat
    if share < SATURATES:
        return lamp.peak / float(np.quantile(levels, 0.9))
    return 1 / max(float(np.quantile(levels, 1 - share)), 1e-3)


@lru_cache(maxsize=2)
def _reference_surface(build: Build, stage: Stage) -> Surface:
    return clean_surface(build, 2, stage)


def expose(build: Build, lamp: Lamp, stage: Stage, seen: Field) -> Field:
    """Return noiseless levels as shares of full scale, not yet cut off at 1, (H, W) float32."""
    camera = build.camera
    levels = _blurred(camera, seen) * np.float32(exposure_gain(build, lamp, stage))
    bed = bed_mask(build)
    if build.bed is not None:
        levels = levels * bed + _frame(build, lamp) * (1 - bed)
    if camera.haze:
        # Stray light lifts the dark; full scale stays where the exposure was set for.
        levels = levels + np.float32(camera.haze) * np.maximum(1 - levels, 0) * np.float32(0.6)
    return np.asarray(levels, dtype=np.float32)


def _blurred(camera: Camera, seen: Field) -> Field:
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), camera.blur_px), dtype=np.float32)


@lru_cache(maxsize=4)
def _frame(build: Build, lamp: Lamp) -> Field:
    """Walls and rails around the powder bed: dark and smooth, with a bright edge here and there."""
    rng = stream(build.seed, "frame", lamp.name)
    wall = rng.uniform(0.02, 0.3) * (1 + 0.25 * waves(rng, build.size, build.size / 3))
    x, y = coordinates(build.size)
    for axis in (x, y):
        edge = rng.choice([0.0, build.size]) + rng.normal(0, 0.03) * build.size
        wall = wall + rng.uniform(0, 0.5) * np.exp(-(((axis - edge) / rng.uniform(2, 25)) ** 2))
    return np.asarray(np.clip(wall, 0.01, 0.9), np.float32)


def record(build: Build, layer: int, stage: Stage, lamp: Lamp, levels: Field) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the picture that the camera stores: noise, cut at full scale, black level, gamma, bits."""
    camera = build.camera
    rng = stream(build.seed, "sensor", layer, stage, lamp.name)
    drift = np.float32(1 + 0.008 * np.clip(rng.standard_normal(), -2.5, 2.5))
    noise = rng.standard_normal(levels.shape, dtype=np.float32)
    levels = levels * drift
    levels += noise * (np.float32(camera.read_noise) + np.float32(camera.shot_noise) * cv2.sqrt(np.maximum(levels, 0)))
    levels = np.clip(camera.black_level + (1 - camera.black_level) * levels, 0, 1)
    if camera.gamma != 1.0:
        levels = cv2.pow(levels, camera.gamma)
    full_scale = 2**build.bits - 1
    stored: Field = np.round(levels * full_scale)
    return stored.astype(np.uint16) if build.bits > 8 else stored.astype(np.uint8)
