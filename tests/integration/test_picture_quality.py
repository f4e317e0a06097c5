"""The checks of picture quality on real pictures, where they lie beside the checkout, and on simulated ones."""

import os
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.layers import Stage
from layerwatch.profile import MIN_SHARPNESS, load_profile
from layerwatch.vision.glare import find_glare
from layerwatch.vision.plate import plate_mask
from layerwatch.vision.quality import measure, quality_problems
from layerwatch.vision.read import Picture, read_picture
from layerwatch.vision.sharpness import sharpness
from simulator.build import plan_build
from simulator.render import render_layer

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("LAYERWATCH_DATA", ROOT.parent / "shared" / "data"))
CHAMBER = ((0.18, 0.15), (0.99, 0.15), (0.99, 0.88), (0.13, 0.88))  # the plate in polito's pictures
LASER = ("Image0", "Image14", "Image28", "Image30", "Image34", "Image38", "Image42", "Image47", "Image6")


def real_pictures(*folders: str) -> list[Path]:
    found = [
        path for folder in folders for path in sorted((DATA / folder).rglob("*")) if path.suffix in {".png", ".jpg"}
    ]
    if not found:
        pytest.skip(f"no real pictures in {DATA}; name their folder by LAYERWATCH_DATA")
    return found


def simulated_sets(seed: int) -> Iterator[dict[str, Picture]]:
    lights = load_profile("nist-ammt").expected_lights
    build = plan_build(seed=seed, size=1000, lights=lights, bits=16, mm_per_px=0.05, defect_rate=0.6, plate=None)
    for layer, stage in ((1, Stage.RECOAT), (20, Stage.MELT)):
        yield {light: Picture(pixels=grey, bits=16) for light, grey in render_layer(build, layer, stage).lights.items()}


def out_of_focus(picture: Picture) -> Picture:
    """Return what a lens shows that blurs by 7 px in 2000."""
    sigma = 7 * max(picture.pixels.shape) / 2000
    return Picture(pixels=cv2.GaussianBlur(picture.pixels, (0, 0), sigma), bits=picture.bits)


@pytest.mark.data
@pytest.mark.parametrize("folder", ["polito/clean", "polito/images", "pblm", "risheng"])
def test_every_real_picture_can_be_judged_and_is_twice_as_sharp_as_it_has_to_be(folder: str) -> None:
    for path in real_pictures(folder):
        quality = measure(read_picture(path))

        assert quality_problems(quality) == (), path
        assert quality.sharpness is not None, path
        assert quality.sharpness > 2 * MIN_SHARPNESS, path


@pytest.mark.data
@pytest.mark.parametrize("folder", ["polito/clean", "polito/images", "pblm", "risheng"])
def test_every_real_picture_out_of_focus_is_blurred(folder: str) -> None:
    for path in real_pictures(folder)[::4]:
        found = sharpness(out_of_focus(read_picture(path)))

        assert found is not None, path
        assert found < MIN_SHARPNESS, path


@pytest.mark.data
def test_real_pictures_of_one_camera_as_lights_show_no_laser() -> None:
    chamber = [read_picture(path) for path in real_pictures("polito/clean")]
    plate = plate_mask(1024, 1280, CHAMBER)
    for three in list(combinations(chamber, 3))[::10]:
        assert find_glare(dict(zip("abc", three, strict=True)), plate) == {}
    powder = [read_picture(path) for path in real_pictures("pblm")]
    for first in range(0, len(powder) - 2, 3):
        assert find_glare(dict(zip("abc", powder[first : first + 3], strict=True))) == {}


@pytest.mark.data
@pytest.mark.parametrize("name", LASER)
def test_a_real_laser_in_one_light_is_found(name: str) -> None:
    (lit,) = (path for path in real_pictures("polito/images") if path.stem == name)
    dark = [path for path in real_pictures("polito/images") if path.stem in {"Image21", "Image37"}]
    lights = {light: read_picture(path) for light, path in zip("abc", (lit, *dark), strict=True)}

    found = find_glare(lights, plate_mask(1024, 1280, CHAMBER))

    assert found.keys() == {"a"}


@pytest.mark.parametrize("seed", [2, 12, 16])
def test_simulated_layers_can_be_judged(seed: int) -> None:
    for lights in simulated_sets(seed):
        assert [quality_problems(measure(picture)) for picture in lights.values()] == [(), (), ()]
        assert find_glare(lights) == {}


def test_simulated_layers_that_are_out_of_focus_are_blurred() -> None:
    for lights in simulated_sets(3):
        for picture in lights.values():
            found = sharpness(out_of_focus(picture))

            assert found is not None
            assert found < MIN_SHARPNESS


def test_simulated_pictures_are_all_different() -> None:
    contents = [
        np.ascontiguousarray(picture.pixels).tobytes() for lights in simulated_sets(3) for picture in lights.values()
    ]

    assert len(set(contents)) == len(contents)
