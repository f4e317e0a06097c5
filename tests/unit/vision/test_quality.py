import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.vision.quality import Quality, measure, quality_problems
from layerwatch.vision.read import Picture


def a_picture(*, saturated: float = 0.0, brightest: float = 1.0, bits: int = 16) -> Picture:
    """Return a ramp up to a share of full scale, of which a share of the rows is saturated."""
    full_scale = (1 << bits) - 1
    pixels = np.tile(np.linspace(0, brightest * (full_scale - 1), 100), (100, 1)).astype(np.uint16)
    pixels[: round(100 * saturated)] = full_scale
    return Picture(pixels=pixels, bits=bits)


def problems_of(picture: Picture, plate: NDArray[np.bool_] | None = None) -> tuple[str, ...]:
    return quality_problems(measure(picture, plate))


@pytest.mark.parametrize("saturated", [0.0, 0.51, 0.85])
def test_a_healthy_light_has_no_problems(saturated: float) -> None:
    assert problems_of(a_picture(saturated=saturated)) == ()


@pytest.mark.parametrize("brightest", [0.0, 0.001, 0.02])
def test_a_picture_that_stays_dark_is_black(brightest: float) -> None:
    (problem,) = problems_of(a_picture(brightest=brightest))

    assert problem.startswith("black: its brightest pixel is ")
    assert problem.endswith(" of 65535")


def test_twelve_bits_in_sixteen_are_not_black() -> None:
    assert problems_of(a_picture(bits=12, brightest=0.1)) == ()


def test_a_mostly_white_picture_is_saturated() -> None:
    expected = "saturated: 86% of the pixels are at full scale, at most 85% are normal"

    assert problems_of(a_picture(saturated=0.86)) == (expected,)


def test_what_is_saturated_is_for_the_profile_to_say() -> None:
    quality = measure(a_picture(saturated=0.4))

    assert quality_problems(quality, max_saturated=0.4) == ()
    assert quality_problems(quality, max_saturated=0.39)[0].startswith("saturated: 40%")


def test_a_grey_picture_without_detail_is_flat() -> None:
    flat = Picture(pixels=np.full((50, 50), 128, np.uint8), bits=8)

    assert problems_of(flat) == ("flat: every pixel is 128",)


def test_only_the_plate_is_judged() -> None:
    picture = a_picture(saturated=0.9)
    plate = np.zeros((100, 100), np.bool_)
    plate[90:] = True

    assert problems_of(picture, plate) == ()
    assert measure(picture, plate).saturated_ratio == 0
    assert measure(picture).saturated_ratio == pytest.approx(0.9)


def test_a_plate_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a plate"):
        measure(a_picture(), np.zeros((100, 100), np.bool_))


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (4, 1), (1, 3)])
def test_a_picture_of_a_few_pixels_is_measured_too(size: tuple[int, int]) -> None:
    pixels = np.full(size, 7, np.uint8)
    pixels[0, 0] = 255

    quality = measure(Picture(pixels=pixels, bits=8))

    assert quality.brightest == 255
    assert quality.saturated_ratio == pytest.approx(1 / pixels.size)


def of_sharpness(sharpness: float | None) -> Quality:
    return Quality(brightest=200, darkest=3, full_scale=255, saturated_ratio=0.0, sharpness=sharpness)


def test_a_picture_below_the_limit_is_blurred_and_one_on_it_is_not() -> None:
    assert quality_problems(of_sharpness(0.16)) == ("blurred: its sharpness is 0.16, at least 0.17 is normal",)
    assert quality_problems(of_sharpness(0.17)) == ()
    assert quality_problems(of_sharpness(0.2), min_sharpness=0.3)[0].startswith("blurred")


def test_where_nothing_tells_how_sharp_it_is_or_nobody_asks_nothing_is_blurred() -> None:
    assert quality_problems(of_sharpness(None)) == ()
    assert quality_problems(of_sharpness(0.0), min_sharpness=0.0) == ()
