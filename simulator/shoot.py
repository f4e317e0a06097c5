"""From a layer set to the files that a printer would write, faults included."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import cv2
import numpy as np

from layerwatch.errors import SettingsError
from layerwatch.layers import Stage
from layerwatch.profile import Profile
from simulator.build import Build
from simulator.faults import Fault, FaultKind, faults_of
from simulator.render import Pixels, render_layer
from simulator.truth import TruthRegion, regions

# Grain leaves a PNG filter nothing to find: without one, runs alone, it takes a third of the time for 3 % more bytes.
_PARAMETERS = {
    ".png": [
        cv2.IMWRITE_PNG_COMPRESSION,
        1,
        cv2.IMWRITE_PNG_STRATEGY,
        cv2.IMWRITE_PNG_STRATEGY_RLE,
        cv2.IMWRITE_PNG_FILTER,
        cv2.IMWRITE_PNG_FILTER_NONE,
    ],
    ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 92],
    ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, 92],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One layer set as files: what the printer writes, and the truth, where there is one."""

    layer: int
    stage: Stage
    pictures: Mapping[str, bytes]  # file name -> content
    masks: Mapping[str, bytes]  # file name in the truth folder -> PNG
    regions: tuple[TruthRegion, ...]
    faults: tuple[Fault, ...]

    @property
    def name(self) -> str:
        return set_name(self.layer, self.stage)


def set_name(layer: int, stage: Stage) -> str:
    """Return how the truth names a layer set, `000012_melt`."""
    return f"{layer:06d}_{stage}"


def shoot(build: Build, profile: Profile, faults: tuple[Fault, ...], layer: int, stage: Stage) -> Shot:
    """Return the files of one layer set; a layer set with a fault has no truth mask, as nobody can judge it."""
    struck = faults_of(faults, layer, stage)
    if any(fault.kind is FaultKind.SKIPPED_LAYER for fault in struck):
        return Shot(layer=layer, stage=stage, pictures={}, masks={}, regions=(), faults=struck)
    rendered = render_layer(build, layer, stage)
    pixels = _struck_pixels(build, stage, dict(rendered.lights), struck)
    pictures = {}
    for light in _kept_lights(tuple(pixels), struck):
        name = profile.file_name(layer, stage, light)
        pictures[name] = _cut(_encode(pixels[light], name), light, struck)
    masks: dict[str, bytes] = {}
    if not struck:
        mask_name = set_name(layer, stage)
        masks = {
            f"{mask_name}.png": _encode(rendered.truth, ".png"),
            f"{mask_name}-kinds.png": _encode(rendered.kinds, ".png"),
        }
    found = tuple(regions(rendered.kinds))
    return Shot(layer=layer, stage=stage, pictures=pictures, masks=masks, regions=found, faults=struck)


def _struck_pixels(
    build: Build, stage: Stage, pixels: dict[str, Pixels], struck: tuple[Fault, ...]
) -> dict[str, Pixels]:
    for fault in struck:
        if fault.kind is FaultKind.REPEATED_FRAME:
            before = render_layer(build, fault.layer - 1, stage).lights
            pixels |= {light: before[light] for light in fault.lights}
        elif fault.kind in {FaultKind.BLACK, FaultKind.SATURATED}:
            level = 0 if fault.kind is FaultKind.BLACK else 2**build.bits - 1
            pixels |= {light: np.full_like(pixels[light], level) for light in fault.lights}
    return pixels


def _kept_lights(lights: tuple[str, ...], struck: tuple[Fault, ...]) -> list[str]:
    missing = {light for fault in struck if fault.kind is FaultKind.MISSING_LIGHT for light in fault.lights}
    return [light for light in lights if light not in missing]


def _cut(content: bytes, light: str, struck: tuple[Fault, ...]) -> bytes:
    halved = any(fault.kind is FaultKind.HALF_WRITTEN and light in fault.lights for fault in struck)
    return content[: len(content) // 2] if halved else content


def _encode(pixels: Pixels, name: str) -> bytes:
    suffix = PurePosixPath(f"x{name}").suffix.lower()
    if pixels.dtype == np.uint16 and suffix not in {".png", ".tif", ".tiff"}:
        raise SettingsError(
            f"{name} cannot hold more than 8 bits; give --bits 8 or a template that ends in .png or .tif"
        )
    done, content = cv2.imencode(suffix, pixels, _PARAMETERS.get(suffix, []))
    if not done:
        raise SettingsError(f"cannot write pictures that end in {suffix}; use .png, .tif, .jpg or .bmp in the template")
    return content.tobytes()
