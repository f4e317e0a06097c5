from pathlib import Path

import pytest

from layerwatch.errors import TrainingError

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch  # noqa: E402
from torch import nn, optim  # noqa: E402

from trainer.checkpoint import Checkpoint, Point, Progress  # noqa: E402 - it needs torch
from trainer.recipe import Recipe  # noqa: E402


def trained(steps: int) -> tuple[nn.Module, optim.Optimizer]:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1)
    for step in range(steps):
        optimizer.zero_grad()
        network(torch.arange(6.0).view(2, 3) + step).square().sum().backward()
        optimizer.step()
    return network, optimizer


def test_a_restored_run_continues_to_the_letter(tmp_path: Path) -> None:
    checkpoint = Checkpoint(folder=tmp_path)
    network, optimizer = trained(3)
    checkpoint.save(Progress(recipe=Recipe(), data="d", step=3), network, optimizer)

    restored, its_optimizer = trained(0)
    checkpoint.restore(restored, its_optimizer)

    for one, other in ((network, optimizer), (restored, its_optimizer)):
        other.zero_grad()
        one(torch.ones(2, 3)).square().sum().backward()
        other.step()
    assert all(
        torch.equal(a, b) for a, b in zip(network.state_dict().values(), restored.state_dict().values(), strict=True)
    )


def test_progress_is_kept(tmp_path: Path) -> None:
    checkpoint = Checkpoint(folder=tmp_path)
    recipe = Recipe(steps=10)
    progress = Progress(recipe=recipe, data="d", step=4, seconds=9.5, best=0.5, curve=(Point(step=4, loss=1.5),))

    checkpoint.save(progress, *trained(1))

    assert checkpoint.exists
    assert checkpoint.load(recipe, "d") == progress
    assert progress.spent == pytest.approx(0.4)


def test_a_run_goes_on_longer_when_asked(tmp_path: Path) -> None:
    checkpoint = Checkpoint(folder=tmp_path)
    checkpoint.save(Progress(recipe=Recipe(steps=10), data="d", step=10), *trained(1))

    assert checkpoint.load(Recipe(steps=20), "d").spent == pytest.approx(0.5)


def test_a_run_on_other_data_is_not_continued(tmp_path: Path) -> None:
    checkpoint = Checkpoint(folder=tmp_path)
    checkpoint.save(Progress(recipe=Recipe(), data="d"), *trained(1))

    with pytest.raises(TrainingError, match="other data or with other options"):
        checkpoint.load(Recipe(), "e")
    with pytest.raises(TrainingError, match="other data or with other options"):
        checkpoint.load(Recipe(crop=128), "d")


def test_a_finished_run_is_forgotten(tmp_path: Path) -> None:
    checkpoint = Checkpoint(folder=tmp_path)
    network, optimizer = trained(1)
    checkpoint.save(Progress(recipe=Recipe(), data="d"), network, optimizer)
    checkpoint.save_best(network)

    checkpoint.clear()

    assert not checkpoint.exists
    assert not list(tmp_path.iterdir())


def test_time_and_steps_both_end_a_run() -> None:
    recipe = Recipe(steps=100, max_minutes=2)

    assert Progress(recipe=recipe, data="d", step=10, seconds=60).spent == pytest.approx(0.5)
    assert Progress(recipe=recipe, data="d", step=100, seconds=60).spent == 1
    assert Progress(recipe=recipe, data="d", step=1, seconds=600).spent == 1


@pytest.mark.parametrize(
    ("patience", "measured", "ended"),
    [
        (None, (0.5, 0.4, 0.3), False),
        (2, (), False),
        (2, (0.5, 0.4), False),
        (2, (0.5, 0.4, 0.3), True),
        (2, (0.5, 0.4, 0.6), False),
    ],
)
def test_a_run_that_no_longer_becomes_better_ends(
    *, patience: int | None, measured: tuple[float, ...], ended: bool
) -> None:
    curve = tuple(Point(step=step, loss=1.0, average_precision=value) for step, value in enumerate(measured))

    assert Progress(recipe=Recipe(patience=patience), data="d", curve=curve).ended is ended
