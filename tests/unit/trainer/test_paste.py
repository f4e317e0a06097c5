"""Defects copied onto other places."""

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.paste import paste_defect

Bytes = NDArray[np.uint8]


def grey(height: int, width: int, level: int) -> Bytes:
    return np.full((height, width, 3), level, np.uint8)


def a_line(length: int = 30) -> tuple[Bytes, NDArray[np.bool_]]:
    """A dark line of one pixel on grey 100, marked three pixels wide, with ground around it."""
    part, defect = grey(21, length + 12, 100), np.zeros((21, length + 12), np.bool_)
    part[10, 6:-6] = 60
    defect[9:12, 6:-6] = True
    return part, defect


@pytest.mark.parametrize("seed", range(5))
def test_a_line_is_as_much_darker_than_its_new_ground_as_than_its_old(seed: int) -> None:
    channels, mask = paste_defect(
        grey(96, 96, 180), np.zeros((96, 96), np.uint8), *a_line(), np.random.default_rng(seed)
    )

    changed = 180 - channels[..., 0].astype(int)
    assert np.count_nonzero(mask) == 3 * 30
    assert 0.5 * 40 < changed[mask == 1].max() < 1.5 * 40
    assert np.abs(changed[mask == 0]).max() < 0.5 * 40
    assert (channels[..., 0] == channels[..., 2]).all()


def test_nothing_is_pasted_over_a_defect_and_what_came_in_is_left_alone() -> None:
    channels, mask = grey(32, 48, 180), np.ones((32, 48), np.uint8)

    pasted, same = paste_defect(channels, mask, *a_line(), np.random.default_rng(1))

    assert (pasted == 180).all()
    assert (same == 1).all()
    empty = np.zeros((32, 48), np.uint8)
    paste_defect(channels, empty, *a_line(), np.random.default_rng(1))
    assert not empty.any()
    assert (channels == 180).all()


def test_of_what_is_too_long_a_stretch_is_pasted() -> None:
    _, mask = paste_defect(
        grey(64, 64, 180), np.zeros((64, 64), np.uint8), *a_line(length=200), np.random.default_rng(3)
    )

    assert np.count_nonzero(mask.any(axis=0)) > 40


def test_copies_lie_all_over_the_crop() -> None:
    places = np.zeros((96, 96), np.int64)
    for seed in range(200):
        places += paste_defect(grey(96, 96, 90), np.zeros((96, 96), np.uint8), *a_line(), np.random.default_rng(seed))[
            1
        ]

    assert places.any(axis=1).sum() > 70
    assert places.max() < 40
