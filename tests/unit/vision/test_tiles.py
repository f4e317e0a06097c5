from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwatch.vision.tiles import blend, cut, plan_tiles

sides = st.integers(1, 3000)


@given(height=sides, width=sides, tile=st.sampled_from([64, 256, 512]), overlap=st.sampled_from([0, 16, 32]))
def test_any_size_is_covered_by_equal_tiles(height: int, width: int, tile: int, overlap: int) -> None:
    plan = plan_tiles(height, width, tile=tile, overlap=overlap)

    for side, starts, length in (
        (height, plan.tops, plan.tile_height),
        (width, plan.lefts, plan.tile_width),
    ):
        assert length % 32 == 0
        assert length <= 1.25 * tile
        assert starts[0] == 0
        assert all(0 < right - left <= length - overlap for left, right in pairwise(starts))
        assert starts[-1] + length == side if len(starts) > 1 else length - 32 < side <= length


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 1500), width=st.integers(1, 1500), tile=st.sampled_from([64, 512]))
def test_blending_what_was_cut_gives_the_picture_back(height: int, width: int, tile: int) -> None:
    picture = np.random.default_rng(height * width).integers(0, 256, (height, width)).astype(np.uint8)
    plan = plan_tiles(height, width, tile=tile)

    assert np.array_equal(blend(cut(picture, plan), plan), picture)


def test_blending_keeps_float_values() -> None:
    picture = np.random.default_rng(1).random((700, 1300)).astype(np.float32)
    plan = plan_tiles(700, 1300)
    tiles = np.stack(
        [picture[top : top + plan.tile_height, left : left + plan.tile_width] for top, left in plan.corners()]
    )

    blended = blend(tiles, plan)

    assert blended.dtype == np.float32
    assert np.allclose(blended, picture, atol=1e-6)


def test_channels_are_cut_together() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (900, 20, 3)).astype(np.uint8)
    plan = plan_tiles(900, 20)

    tiles = cut(picture, plan)

    assert tiles.shape == (plan.count, plan.tile_height, 32, 3)
    assert tiles.flags.c_contiguous
    assert np.array_equal(tiles[-1][:, :20], picture[plan.tops[-1] :])


def test_a_small_picture_is_continued_into_one_tile() -> None:
    picture = np.arange(20, dtype=np.uint8).reshape(4, 5)
    plan = plan_tiles(4, 5)

    tile = cut(picture, plan)[0]

    assert tile.shape == (32, 32)
    assert np.array_equal(tile, np.pad(picture, ((0, 28), (0, 27)), mode="edge"))


def test_one_tile_fades_linearly_into_the_next() -> None:
    plan = plan_tiles(32, 100, tile=64, overlap=20)
    tiles = np.zeros((plan.count, plan.tile_height, plan.tile_width), np.float32)
    tiles[1] = 1

    row = blend(tiles, plan)[0]

    shared = row[plan.lefts[1] : plan.tile_width]
    assert plan.count == 2
    assert np.allclose(np.diff(shared), 1 / (len(shared) + 1))
    assert (row[: plan.lefts[1]].max(), row[plan.tile_width :].min()) == (0, 1)


@pytest.mark.parametrize(
    ("height", "width", "count", "tile_size"),
    [
        (1000, 1000, 4, (544, 544)),  # NIST at half scale
        (512, 640, 1, (512, 640)),  # EOS chamber camera at half scale
        (1024, 1024, 4, (544, 544)),
        (1824, 2736, 15, (640, 576)),  # 20 megapixels at half scale
    ],
)
def test_little_is_computed_twice(height: int, width: int, count: int, tile_size: tuple[int, int]) -> None:
    plan = plan_tiles(height, width)

    assert (plan.count, plan.tile_height, plan.tile_width) == (count, *tile_size)
    assert plan.count * plan.tile_height * plan.tile_width <= 1.35 * height * width


@pytest.mark.parametrize("wrong", [{"height": 0}, {"overlap": -1}, {"tile": 32, "overlap": 32}, {"tile": 16}])
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    arguments = {"height": 100, "width": 100, **wrong}

    with pytest.raises(ValueError, match="expected sides"):
        plan_tiles(**arguments)


def test_a_picture_of_another_size_than_planned_is_refused() -> None:
    plan = plan_tiles(100, 100)

    with pytest.raises(ValueError, match="expected the plan's shape"):
        cut(np.zeros((100, 101), np.uint8), plan)
    with pytest.raises(ValueError, match="expected the plan's shape"):
        blend(np.zeros((2, 128, 128), np.uint8), plan)
