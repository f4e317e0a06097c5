import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.metrics import PixelCounts, average_precision, precision_recall, recall_at


def some_pixels(seed: int, *, share: float = 0.1) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    defect = rng.random((40, 50)) < share
    probability = np.clip(rng.normal(90 + 60 * defect, 40), 0, 255).astype(np.uint8)
    return probability, defect


def counted(probability: NDArray[np.uint8], defect: NDArray[np.bool_]) -> PixelCounts:
    counts = PixelCounts()
    counts.add(probability, defect)
    return counts


@pytest.mark.parametrize("seed", range(3))
def test_precision_and_recall_are_those_of_counting_at_every_threshold(seed: int) -> None:
    probability, defect = some_pixels(seed)

    curve = precision_recall(counted(probability, defect))

    for index, level in enumerate(range(1, 256)):
        predicted = probability >= level
        hits = np.count_nonzero(predicted & defect)
        assert curve.recall[index] == pytest.approx(hits / np.count_nonzero(defect))
        if predicted.any():
            assert curve.precision[index] == pytest.approx(hits / np.count_nonzero(predicted))


def test_networks_are_compared_where_they_are_equally_precise() -> None:
    """Moved scores change the recall at a threshold, and not the recall at a precision."""
    probability, defect = some_pixels(1)
    moved = np.maximum(probability.astype(int) - 30, 0).astype(np.uint8)
    first, second = (precision_recall(counted(each, defect)) for each in (probability, moved))

    assert first.recall[120] - second.recall[120] > 0.1
    assert recall_at(second, 0.8) == recall_at(first, 0.8)
    assert first.recall[first.precision >= 0.8].max() == recall_at(first, 0.8) > 0
    assert recall_at(first, 1.01) == 0


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(3))
def test_average_precision_is_that_of_torchmetrics(seed: int) -> None:
    import torch  # noqa: PLC0415
    from torchmetrics.functional.classification import binary_average_precision  # noqa: PLC0415

    probability, defect = some_pixels(seed)
    expected = binary_average_precision(
        torch.from_numpy(probability.ravel()).float() / 255, torch.from_numpy(defect.ravel()).int()
    )

    assert average_precision(counted(probability, defect)) == pytest.approx(float(expected), abs=1e-5)


def test_pictures_add_up() -> None:
    pictures = [some_pixels(seed) for seed in range(3)]
    together = PixelCounts()
    for picture in pictures:
        together.add(*picture)

    stacked = counted(*(np.concatenate(parts) for parts in zip(*pictures, strict=True)))

    assert average_precision(together) == average_precision(stacked)


def test_without_defects_average_precision_is_0_and_nothing_divides_by_zero() -> None:
    counts = counted(*some_pixels(0, share=0.0))

    assert average_precision(counts) == 0
    assert precision_recall(counts).recall.max() == 0


def test_a_perfect_network_reaches_1() -> None:
    _, defect = some_pixels(0)

    assert average_precision(counted(np.where(defect, 255, 0).astype(np.uint8), defect)) == 1
