import numpy as np
import pytest

from layerwatch.vision.plate import plate_mask, plate_window

SQUARE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def test_no_polygon_means_the_whole_picture() -> None:
    assert plate_mask(10, 20, None) is None


@pytest.mark.parametrize(("height", "width"), [(100, 200), (512, 512), (1024, 1280)])
def test_a_polygon_in_fractions_covers_its_share(height: int, width: int) -> None:
    mask = plate_mask(height, width, SQUARE)

    assert mask is not None
    assert mask.shape == (height, width)
    assert mask.dtype == np.bool_
    assert mask.mean() == pytest.approx(0.25, abs=0.01)
    assert mask[height // 2, width // 2]
    assert not mask[: height // 4 - 1].any()


def test_the_full_square_covers_every_pixel() -> None:
    mask = plate_mask(33, 47, ((0, 0), (1, 0), (1, 1), (0, 1)))

    assert mask is not None
    assert mask.all()


def test_a_polygon_may_leave_the_picture() -> None:
    mask = plate_mask(40, 40, ((-1, -1), (2, -1), (2, 0.5), (-1, 0.5)))

    assert mask is not None
    assert mask[:19].all()
    assert not mask[21:].any()


def test_a_polygon_beside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="covers no pixel of a 40 x 30 picture"):
        plate_mask(30, 40, ((2, 2), (3, 2), (3, 3)))


def test_a_plate_lies_in_the_same_place_of_a_smaller_picture() -> None:
    plate = np.zeros((100, 200), np.bool_)
    plate[21:61, 50:151] = True

    assert plate_window(plate, 50, 100, margin=0) == (slice(10, 31), slice(25, 76))
    assert plate_window(plate, 50, 100, margin=12) == (slice(0, 43), slice(13, 88))
    assert plate_window(plate, 100, 200, margin=500) == (slice(0, 100), slice(0, 200))


def test_without_a_plate_the_window_is_the_whole_picture() -> None:
    assert plate_window(None, 50, 100, margin=8) == (slice(0, 50), slice(0, 100))
