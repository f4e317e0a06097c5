"""Faint lines drawn into crops."""

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.hairlines import BAND_PX, BRIGHT, DEPTH, LENGTH_PX, draw_hairlines

Bytes = NDArray[np.uint8]


def grey(height: int, width: int, level: int) -> Bytes:
    return np.full((height, width, 3), level, np.uint8)


def drawn(channels: Bytes, seed: int, mask: Bytes | None = None) -> tuple[Bytes, Bytes]:
    empty = np.zeros(channels.shape[:2], np.uint8)
    return draw_hairlines(channels, empty if mask is None else mask, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(8))
def test_a_line_is_faint_long_and_marked_by_a_band(seed: int) -> None:
    channels, mask = drawn(grey(320, 320, 150), seed)

    change = channels[..., 0].astype(int) - 150
    assert 0 < np.abs(change).max() <= 2 * 1.2 * DEPTH[1]  # two lines may cross
    assert np.count_nonzero(change[mask == 0]) < np.count_nonzero(mask)  # what is beside the band is its soft edge
    assert mask.any(axis=0).sum() >= LENGTH_PX[0]
    assert mask.sum(axis=0).max() <= 3 * (2 * BAND_PX[1] + 1)
    assert (channels[..., 0] == channels[..., 2]).all()


def test_most_lines_are_dark_and_some_are_bright() -> None:
    changes = [drawn(grey(160, 160, 150), seed)[0].astype(int) - 150 for seed in range(200)]

    bright = np.mean([change.max() > -change.min() for change in changes if change.any()])

    assert 0.3 * BRIGHT < bright < 3 * BRIGHT


@pytest.mark.parametrize("level", [5, 250])
def test_no_line_is_drawn_where_it_is_too_dark_or_too_bright_for_powder(level: int) -> None:
    assert not any(drawn(grey(96, 96, level), seed)[1].any() for seed in range(20))


def test_no_line_runs_across_the_edge_of_a_part() -> None:
    channels = grey(200, 200, 80)
    channels[:, 100:] = 200

    crossing = [drawn(channels, seed)[1][:, 85:115].all(axis=1).any() for seed in range(60)]

    assert not any(crossing)


def test_a_defect_is_not_drawn_over_and_what_came_in_is_left_alone() -> None:
    channels, mask = grey(64, 64, 150), np.ones((64, 64), np.uint8)

    same, marked = drawn(channels, 1, mask)

    assert (same == 150).all()
    assert (marked == 1).all()
    empty = np.zeros((64, 64), np.uint8)
    draw_hairlines(channels, empty, np.random.default_rng(1))
    assert not empty.any()
    assert (channels == 150).all()


def test_a_crop_smaller_than_a_line_gets_a_shorter_one() -> None:
    masks = [drawn(grey(32, 20, 150), seed)[1] for seed in range(30)]

    assert any(mask.any() for mask in masks)
    assert {mask.shape for mask in masks} == {(32, 20)}
