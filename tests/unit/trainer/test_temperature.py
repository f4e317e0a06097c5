"""The temperature of the logits."""

import numpy as np
import pytest

pytest.importorskip("torch")

from trainer.temperature import LogitCounts, best_temperature, cross_entropy


def counts_of(logits: np.ndarray, told: np.ndarray) -> LogitCounts:
    """Return counts of pixels that are defects with the probability that `logits` means, and said `told`."""
    rng = np.random.default_rng(0)
    defect = rng.random(logits.shape) < 1 / (1 + np.exp(-logits))
    counts = LogitCounts()
    counts.add(told.astype(np.float32), defect)
    return counts


def some_logits() -> np.ndarray:
    return np.random.default_rng(1).normal(-2, 2, (500, 400))


def test_an_honest_network_keeps_its_logits() -> None:
    assert best_temperature(counts_of(some_logits(), some_logits())) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("exaggerated", [0.7, 2.0, 5.0])
def test_a_network_that_exaggerates_is_cooled_by_as_much(exaggerated: float) -> None:
    counts = counts_of(some_logits(), exaggerated * some_logits())

    found = best_temperature(counts)

    assert found == pytest.approx(exaggerated, rel=0.05)
    assert cross_entropy(counts, found) < cross_entropy(counts, 1.0)


def test_without_defects_there_is_nothing_to_fit() -> None:
    counts = LogitCounts()
    counts.add(np.zeros((4, 4), np.float32), np.zeros((4, 4), np.bool_))

    assert best_temperature(counts) == 1
