"""Intervals by drawing layer sets."""

import numpy as np
import pytest

from trainer.bootstrap import NOTHING, Counts, estimate, ratio


def share_of(sums: Counts) -> Counts:
    return ratio(sums[:, 0], sums[:, 1])


def test_the_interval_is_that_of_a_share_where_each_layer_set_counts_once() -> None:
    counts = np.zeros((400, 2))
    counts[:, 1] = 1
    counts[:100, 0] = 1

    found = estimate(counts, share_of)

    assert found.value == 0.25
    assert found.low == pytest.approx(0.25 - 1.96 * np.sqrt(0.25 * 0.75 / 400), abs=0.01)
    assert found.high == pytest.approx(0.25 + 1.96 * np.sqrt(0.25 * 0.75 / 400), abs=0.01)


def test_pixels_of_one_layer_set_are_no_evidence_of_their_own() -> None:
    few_sets = estimate(np.array([[900.0, 1000.0], [100.0, 1000.0]]), share_of)

    assert few_sets.value == 0.5
    assert (few_sets.low, few_sets.high) == (0.1, 0.9)


def test_the_same_data_gives_the_same_interval() -> None:
    counts = np.random.default_rng(3).random((30, 2)) + np.array([0, 1])

    assert estimate(counts, share_of) == estimate(counts, share_of)


def test_without_anything_to_count_there_is_no_figure() -> None:
    assert estimate(np.zeros((5, 2)), share_of) == NOTHING
    assert estimate(np.zeros((0, 2)), share_of) == NOTHING
