import numpy as np
import pytest

from layerwatch.vision.quality import picture_problems, saturated_ratio
from layerwatch.vision.read import Picture


def a_picture(*, saturated: float = 0.0, brightest: float = 1.0, bits: int = 16) -> Picture:
    """Return a ramp up to a share of full scale, of which a share of the rows is saturated."""
    full_scale = (1 << bits) - 1
    pixels = np.tile(np.linspace(0, brightest * (full_scale - 1), 100), (100, 1)).astype(np.uint16)
    pixels[: round(100 * saturated)] = full_scale
    return Picture(pixels=pixels, bits=bits)


@pytest.mark.parametrize("saturated", [0.0, 0.51, 0.85])
def test_a_healthy_light_has_no_problems(saturated: float) -> None:
    assert picture_problems(a_picture(saturated=saturated)) == ()


@pytest.mark.parametrize("brightest", [0.0, 0.001, 0.02])
def test_a_picture_that_stays_dark_is_black(brightest: float) -> None:
    (problem,) = picture_problems(a_picture(brightest=brightest))

    assert problem.startswith("black: its brightest pixel is ")
    assert problem.endswith(" of 65535")


def test_twelve_bits_in_sixteen_are_not_black() -> None:
    assert picture_problems(a_picture(bits=12, brightest=0.1)) == ()


def test_a_mostly_white_picture_is_saturated() -> None:
    assert picture_problems(a_picture(saturated=0.86)) == ("saturated: 86% of the pixels are at full scale",)


def test_a_grey_picture_without_detail_is_flat() -> None:
    flat = Picture(pixels=np.full((50, 50), 128, np.uint8), bits=8)

    assert picture_problems(flat) == ("flat: every pixel is 128",)


def test_only_the_plate_is_judged() -> None:
    picture = a_picture(saturated=0.9)
    plate = np.zeros((100, 100), np.bool_)
    plate[90:] = True

    assert picture_problems(picture, plate=plate) == ()
    assert saturated_ratio(picture, plate) == 0
    assert saturated_ratio(picture) == pytest.approx(0.9)


def test_a_plate_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a plate"):
        saturated_ratio(a_picture(), np.zeros((100, 100), np.bool_))
