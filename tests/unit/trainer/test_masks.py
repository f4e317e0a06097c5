from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from layerwatch.vision.read import Picture
from trainer.ignore import IGNORE
from trainer.masks import read_kinds, shrink_kinds, threshold_kinds


def written(path: Path, pixels: NDArray[np.uint8]) -> Path:
    cv2.imwrite(str(path), pixels)
    return path


def test_a_mask_of_0_and_255_has_one_kind(tmp_path: Path) -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[2, 3] = 255

    kinds = read_kinds(written(tmp_path / "mask.png", mask), None, (), (8, 8))

    assert np.array_equal(kinds, (mask > 0).astype(np.uint8))


def test_the_kinds_beside_a_mask_are_taken_where_it_shows_a_defect(tmp_path: Path) -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[2, 3:6] = 255
    kinds = np.zeros((8, 8), np.uint8)
    kinds[2, 3:5] = 6
    kinds[7, 7] = 2

    read = read_kinds(written(tmp_path / "m.png", mask), written(tmp_path / "k.png", kinds), (), (8, 8))

    assert read[2, 3:6].tolist() == [6, 6, 1]
    assert read[7, 7] == 0


def test_only_the_classes_that_are_defects_count(tmp_path: Path) -> None:
    mask = np.array([[0, 1, 2], [3, 6, 5]], np.uint8)

    kinds = read_kinds(written(tmp_path / "mask.png", mask), None, {2, 3, 4, 5}, (2, 3))

    assert kinds.tolist() == [[0, 0, 2], [3, 0, 5]]


def test_a_mask_of_class_numbers_asks_which_are_defects(tmp_path: Path) -> None:
    mask = np.array([[0, 1], [3, 0]], np.uint8)

    with pytest.raises(TrainingError, match="the values 0, 1, 3 and none above 127; say which with --defect-classes"):
        read_kinds(written(tmp_path / "mask.png", mask), None, (), (2, 2))


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is 4 x 2 px, its layer 8 x 8"):
        read_kinds(written(tmp_path / "mask.png", np.zeros((2, 4), np.uint8)), None, (), (8, 8))


@pytest.mark.parametrize("scale", [0.5, 0.4, 0.25])
@pytest.mark.parametrize("row", range(40, 48))
def test_a_line_one_pixel_wide_survives_wherever_it_lies(scale: float, row: int) -> None:
    kinds = np.zeros((100, 100), np.uint8)
    kinds[row] = 3
    side = round(100 * scale)

    small = shrink_kinds(kinds, side, side)

    if (row * scale) % 1 + scale <= 1:  # it lies within one working row
        assert (small == 3).any(axis=0).all()
    assert 0 <= np.count_nonzero(small) <= 2 * side


def test_a_large_area_keeps_its_size() -> None:
    kinds = np.zeros((100, 100), np.uint8)
    kinds[21:61, 33:73] = 1

    small = shrink_kinds(kinds, 50, 50)

    assert abs(4 * np.count_nonzero(small) - 1600) <= 200


def test_where_two_kinds_meet_the_larger_share_wins() -> None:
    kinds = np.full((4, 4), 2, np.uint8)
    kinds[:, 3] = 5
    kinds[:, 0] = 0
    kinds[0:2, 2] = 5

    assert shrink_kinds(kinds, 2, 2).tolist() == [[2, 5], [2, 2]] or shrink_kinds(kinds, 2, 2)[0].tolist() == [2, 5]


def lights(dark_in: int, *, number: int = 3) -> list[Picture]:
    rng = np.random.default_rng(0)
    pictures = []
    for light in range(number):
        pixels = rng.normal(30_000, 300, (120, 120)).clip(0, 65_535)
        if light < dark_in:
            pixels[50:60, 50:60] = 15_000
        pictures.append(Picture(pixels=pixels.astype(np.uint16), bits=16))
    return pictures


@pytest.mark.parametrize(("dark_in", "number", "found"), [(1, 3, False), (2, 3, True), (3, 3, True), (1, 1, True)])
def test_a_thresholded_defect_needs_the_majority_of_the_lights(dark_in: int, number: int, *, found: bool) -> None:
    kinds = threshold_kinds(lights(dark_in, number=number))

    assert bool(kinds[53:57, 53:57].all()) is found
    assert not kinds[:40].any()


def test_one_dark_wall_does_not_hide_a_faint_defect_as_minimum_scaling_would() -> None:
    pictures = lights(3)
    for picture in pictures:
        picture.pixels[:, :20] = 0

    kinds = threshold_kinds(pictures)

    assert kinds[53:57, 53:57].all()


def test_grey_128_is_ignored_and_so_is_void_among_class_numbers(tmp_path: Path) -> None:
    mask = np.array([[0, 128, 129, 255]], np.uint8)
    path = written(tmp_path / "mask.png", mask)

    assert read_kinds(path, None, (), (1, 4)).tolist() == [[0, IGNORE, 1, 1]]
    assert read_kinds(path, None, {129}, (1, 4)).tolist() == [[0, IGNORE, 129, IGNORE]]
    assert read_kinds(path, None, {128}, (1, 4)).tolist() == [[0, 128, 0, IGNORE]]
