"""Pictures to be timed on, where none are given: powder-like noise with a few defects, always the same."""

import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import SettingsError
from layerwatch.profile import Profile
from layerwatch.vision.encode import encode_jpeg, encode_png

LAYERS = 4
_GREY, _SPREAD, _DEFECT = 0.35, 0.08, 0.85  # of full scale
_JPEG = (".jpg", ".jpeg")


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height of WIDTHxHEIGHT.

    Raises:
        SettingsError: it is no such text, or a side is not of 32 to 20,000 px.
    """
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    if match is None or not all(32 <= int(side) <= 20_000 for side in match.groups()):
        raise SettingsError(
            f"expected --size as WIDTHxHEIGHT with sides of 32 to 20000, such as 1280x1024; got {text!r}"
        )
    return int(match[1]), int(match[2])


def write_pictures(folder: Path, profile: Profile, *, size: tuple[int, int], layers: int = LAYERS) -> Path:
    """Write layers as a printer of the profile names them, and return the folder.

    Args:
        folder: is made.
        profile: names the files, its lights and its bit depth (16 where it says none).
        size: width and height.
        layers: are numbered from 1.
    """
    width, height = size
    for layer in range(1, layers + 1):
        for number, light in enumerate(profile.expected_lights):
            name = profile.file_name(layer, profile.written_stages[0], light)
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_encoded(name, profile, width=width, height=height, seed=100 * layer + number))
    return folder


def _encoded(name: str, profile: Profile, *, width: int, height: int, seed: int) -> bytes:
    if name.lower().endswith(_JPEG):
        return encode_jpeg(powder(width, height, bits=8, seed=seed).astype(np.uint8))
    return encode_png(powder(width, height, bits=profile.bits or 16, seed=seed))


def powder(width: int, height: int, *, bits: int, seed: int) -> NDArray[np.uint8 | np.uint16]:
    """Return noise (height, width) around a third of the full scale, with discs and streaks of defects in it."""
    rng = np.random.default_rng(seed)
    full_scale = (1 << bits) - 1
    noise = rng.normal(_GREY, _SPREAD, (height, width)).astype(np.float32)
    places = np.random.default_rng(seed // 100)  # the same in all lights of a layer
    for _ in range(6):
        x, y = int(places.integers(width)), int(places.integers(height))
        cv2.circle(noise, (x, y), max(2, width // 120), (_DEFECT,), -1)
    cv2.line(noise, (0, height // 3), (width, height // 3), (_DEFECT,), max(1, height // 500))
    pixels: NDArray[np.float32] = (cv2.GaussianBlur(noise, (0, 0), 0.8) * full_scale).clip(0, full_scale)
    return pixels.astype(np.uint8 if bits <= 8 else np.uint16)
