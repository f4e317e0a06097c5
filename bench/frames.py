"""Small pictures for ingest, which looks at names and bytes: how many there are counts, not what they show."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from layerwatch.layers import Stage
from layerwatch.profile import Profile, load_profile

PROFILE = "nist-ammt"
LIGHTS = 3  # of that profile
SIDE = 64
LAYERS_IN_A_BUILD = 1000
FIRST_LIVE = 100_000_000  # counts on where no backlog reaches
AN_HOUR = 3600.0


def picture(number: int) -> bytes:
    """Return a 16-bit PNG that no other number below 2^32 gives."""
    pixels = np.full((SIDE, SIDE), 20_000, dtype=np.uint16)
    pixels[0, :2] = divmod(number, 1 << 16)
    return bytes(cv2.imencode(".png", pixels)[1])


def pictures_of(layer_sets: range, profile: Profile) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each picture of the layer sets with these numbers."""
    for number in layer_sets:
        for index, light in enumerate(profile.expected_lights):
            name = profile.file_name(number % LAYERS_IN_A_BUILD, Stage.MELT, light)
            yield name, picture(LIGHTS * number + index)


def write_backlog(root: Path, layer_sets: int) -> None:
    """Write so many layer sets as if an hour ago, a folder for each build of a thousand."""
    profile, long_ago = load_profile(PROFILE), time.time() - AN_HOUR
    for first in range(0, layer_sets, LAYERS_IN_A_BUILD):
        build = root / f"backlog{first // LAYERS_IN_A_BUILD:03d}"
        build.mkdir()
        for name, content in pictures_of(range(first, min(first + LAYERS_IN_A_BUILD, layer_sets)), profile):
            (build / name).write_bytes(content)
            os.utime(build / name, (long_ago, long_ago))


def write_live(build: Path, layer_sets: int, *, per_second: float) -> None:
    """Write so many layer sets now, picture after picture at an even pace."""
    pictures = pictures_of(range(FIRST_LIVE, FIRST_LIVE + layer_sets), load_profile(PROFILE))
    began = time.monotonic()
    for count, (name, content) in enumerate(pictures):
        time.sleep(max(0.0, began + count / per_second - time.monotonic()))
        (build / name).write_bytes(content)
