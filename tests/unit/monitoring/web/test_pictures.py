"""Pictures for the eye, and what tells two layers apart."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.vision.read import Picture
from monitoring.web.build.pictures import FULL, PicturesDifferError, difference, in_colours, shown, shown_size


def powder(*, brighter: int = 0, size: tuple[int, int] = (300, 400)) -> NDArray[np.uint16]:
    """Return grey grain with a bright square in it."""
    grain = np.random.default_rng(1).integers(8_000, 12_000, size).astype(np.uint16)
    grain[100:200, 100:200] = 50_000
    grain += np.uint16(brighter)
    return grain


def picture_of(pixels: NDArray[np.uint8 | np.uint16]) -> Picture:
    return Picture(pixels=pixels, bits=8 * pixels.dtype.itemsize)


def decoded(jpeg: bytes) -> NDArray[np.int32]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED), np.int32)


def luminance(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey: NDArray[np.uint8] = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    return grey


def test_a_picture_uses_the_whole_range_and_keeps_its_size() -> None:
    pixels = decoded(shown(picture_of(powder()), side=2048))

    assert pixels.shape == (300, 400)
    assert pixels.max() - pixels.min() > 200


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [((300, 400), 2048, (300, 400)), ((4000, 2000), 2048, (2048, 1024)), ((1, 9000), 256, (1, 256))],
)
def test_a_picture_is_never_enlarged_and_keeps_its_form(
    size: tuple[int, int], side: int, expected: tuple[int, int]
) -> None:
    assert shown_size(picture_of(np.zeros(size, np.uint8)), side) == expected


def test_equal_layers_differ_in_nothing() -> None:
    pixels = decoded(difference(picture_of(powder()), picture_of(powder()), side=2048))

    assert np.abs(pixels - 128).max() <= 2


def test_a_lamp_that_became_brighter_is_seen_as_such() -> None:
    """Each picture stretched by itself would look the same."""
    pixels = decoded(difference(picture_of(powder(brighter=6_000)), picture_of(powder()), side=2048))

    blue, _, red = pixels.mean(axis=(0, 1))
    assert red > blue + 20


def test_what_became_darker_is_blue_and_what_became_brighter_is_orange() -> None:
    upper = powder()
    upper[220:280, 20:80], upper[220:280, 320:380] = 500, 45_000
    pixels = decoded(difference(picture_of(upper), picture_of(powder()), side=2048))

    blue, green, red = pixels[230:270, 30:70].mean(axis=(0, 1))
    assert blue > green > red
    blue, green, red = pixels[230:270, 330:370].mean(axis=(0, 1))
    assert red > green > blue


def test_the_sign_of_a_difference_is_told_without_colour_too() -> None:
    grey = luminance(in_colours(np.arange(-2 * FULL, 2 * FULL + 1, dtype=np.int16)[None]))[0].astype(int)

    assert (np.diff(grey) >= 0).all()
    assert grey[0] + 50 < grey[2 * FULL] < grey[-1] - 50


def test_a_large_difference_is_made_small_without_the_pictures_running_into_each_other() -> None:
    upper, lower = np.full((1000, 601), 20, np.uint8), np.full((1000, 601), 20, np.uint8)
    upper[500:], lower[:500] = 230, 230

    pixels = decoded(difference(picture_of(upper), picture_of(lower), side=256))

    assert pixels.shape == (256, 154, 3)
    assert pixels[:120, :, 2].max() < 40
    assert pixels[136:, :, 2].min() > 200


@pytest.mark.parametrize("other", [np.zeros((300, 401), np.uint16), np.zeros((300, 400), np.uint8)])
def test_pictures_of_another_size_or_depth_are_not_compared(other: NDArray[np.uint8 | np.uint16]) -> None:
    with pytest.raises(PicturesDifferError, match="400 x 300 pixels in 16 bits cannot be compared with"):
        difference(picture_of(powder()), picture_of(other), side=2048)
