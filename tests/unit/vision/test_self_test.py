from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.vision.self_test import answer_problem, probe_tile

TILE = probe_tile(64)


def test_the_test_tile_is_always_the_same_and_shows_dark_and_bright() -> None:
    assert TILE.shape == (1, 64, 64, 3)
    assert TILE.dtype == np.uint8
    assert np.array_equal(TILE, probe_tile(64))
    assert (TILE.min(), TILE.max()) == (0, 255)


def test_an_answer_that_depends_on_the_tile_is_right() -> None:
    assert answer_problem((TILE[..., 0] / 255).astype(np.float32), TILE) is None


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (np.zeros((1, 64, 64), np.float32), "0 for every pixel"),
        (np.full((1, 64, 64), 0.25, np.float32), "0.25 for every pixel"),
        (np.full((1, 64, 64), 3.5, np.float32), "expected probabilities"),
        (np.full((1, 64, 64), np.nan, np.float32), "not finite"),
        (np.zeros((1, 32, 64), np.float32), "expected"),
        (np.zeros((1, 64, 64), np.float64), "float64"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(answer: NDArray[Any], problem: str) -> None:
    said = answer_problem(answer, TILE)

    assert said is not None
    assert problem in said
