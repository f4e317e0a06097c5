"""Drawn pictures, and simulated ones; those of real cameras are in tests/integration."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.profile import MIN_SHARPNESS
from layerwatch.vision.read import Picture
from layerwatch.vision.sharpness import sharpness

Pixels = NDArray[np.uint16]


def a_plate(*, noise: float = 300.0, size: int = 1000) -> Pixels:
    """Return grey powder with grain and parts with sharp edges, turned in all directions, under uneven light."""
    rng = np.random.default_rng(5)
    pixels = np.tile(np.linspace(20_000, 35_000, size, dtype=np.float32), (size, 1))
    for number in range(25):
        centre = tuple(float(at) for at in rng.uniform(0.08, 0.92, 2) * size)
        corners = cv2.boxPoints((centre, (0.11 * size, 0.07 * size), 17.0 * number))
        cv2.fillConvexPoly(pixels, corners.astype(np.int32), float(rng.uniform(8_000, 16_000)))
    pixels += rng.normal(0, noise, pixels.shape).astype(np.float32)
    return np.clip(pixels, 0, 65535).astype(np.uint16)


def of(pixels: Pixels, bits: int = 16) -> float | None:
    return sharpness(Picture(pixels=pixels, bits=bits))


def moved(pixels: Pixels, px: int, *, across: bool) -> Pixels:
    """Return what a camera sees that moves so far while it exposes."""
    smeared: Pixels = cv2.blur(pixels, (1, px) if across else (px, 1))
    return smeared


@pytest.mark.parametrize("size", [600, 1000, 2000])
def test_a_plate_with_parts_is_sharp_at_every_size(size: int) -> None:
    found = of(a_plate(size=size))

    assert found is not None
    assert found > 3 * MIN_SHARPNESS


@pytest.mark.parametrize("noise", [0.0, 100.0, 2000.0])
def test_grain_makes_nothing_blurred(noise: float) -> None:
    found = of(a_plate(noise=noise))

    assert found is not None
    assert found > 3 * MIN_SHARPNESS


@pytest.mark.parametrize("sigma", [3.0, 5.0, 10.0])
def test_a_camera_out_of_focus_is_blurred(sigma: float) -> None:
    found = of(cv2.GaussianBlur(a_plate(), (0, 0), sigma))

    assert found is not None
    assert found < MIN_SHARPNESS


def test_a_large_picture_is_blurred_by_six_pixels() -> None:
    found = of(cv2.GaussianBlur(a_plate(size=2000), (0, 0), 6.0))

    assert found is not None
    assert found < MIN_SHARPNESS


def test_a_blurred_picture_stays_so_under_the_noise_of_a_good_camera() -> None:
    noise = np.random.default_rng(1).normal(0, 60, (1000, 1000))
    noisy = cv2.GaussianBlur(a_plate(), (0, 0), 4.0) + noise

    found = of(np.clip(noisy, 0, 65535).astype(np.uint16))

    assert found is not None
    assert found < MIN_SHARPNESS


@pytest.mark.parametrize("across", [False, True])
def test_a_camera_that_moved_is_blurred(*, across: bool) -> None:
    found = of(moved(a_plate(noise=50.0), 20, across=across))

    assert found is not None
    assert found < MIN_SHARPNESS


def test_eight_bits_are_as_sharp_as_sixteen() -> None:
    eight, sixteen = of(np.asarray(a_plate() >> 8, np.uint8), 8), of(a_plate())

    assert eight == pytest.approx(sixteen, rel=0.05)


def test_smooth_powder_alone_tells_nothing() -> None:
    y, x = np.mgrid[:1000, :1000]
    smooth = 30_000 + 8000 * np.sin(x / 180) + 5000 * np.cos(y / 150)
    fresh = smooth + np.random.default_rng(2).normal(0, 30, smooth.shape)

    assert of(fresh.astype(np.uint16)) is None


@pytest.mark.parametrize("size", [(160, 200), (499, 499), (20, 4000), (32_001, 2)])
def test_a_picture_too_small_too_narrow_or_too_large_tells_nothing(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 65535, size).astype(np.uint16)

    assert of(pixels) is None
