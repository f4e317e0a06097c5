"""What a run without a terminal tells, for those who look at its job."""

import io
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

from rich.console import Console  # noqa: E402

from trainer.checkpoint import Point, Progress  # noqa: E402 - it needs torch
from trainer.console import training_bar  # noqa: E402
from trainer.jobs.board import Board, State  # noqa: E402
from trainer.progress import read_progress  # noqa: E402
from trainer.recipe import Recipe  # noqa: E402


class Written(Board):
    def __init__(self) -> None:
        self.states: list[str] = []

    def _write(self, job_id: str, fields: Mapping[str, str]) -> None:
        del job_id
        self.states.append(fields["state"])


@pytest.mark.parametrize(("measured", "state"), [((0.5, 0.6), State.TRAINING), ((0.6, 0.5), State.PUBLISHING)])
def test_a_run_that_lost_patience_is_shown_as_being_published(
    tmp_path: Path, measured: tuple[float, ...], state: State
) -> None:
    curve = tuple(Point(step=step, loss=1.0, average_precision=value) for step, value in enumerate(measured, start=1))
    run = Progress(recipe=Recipe(steps=1000, patience=1), data="d", step=2, curve=curve)
    board = Written()

    with training_bar(Console(file=io.StringIO()), tmp_path / "progress.json") as report:
        report(run, 1.0)
    told = read_progress(tmp_path / "progress.json")

    assert told is not None
    board.show("20260101-000000-000000", told)
    assert board.states == [state]
