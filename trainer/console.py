"""What the person at the terminal sees while a network is trained."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from trainer import gauges
from trainer.checkpoint import Progress as Run
from trainer.progress import ProgressFile, TrainingProgress
from trainer.training import Report


@contextmanager
def training_bar(console: Console, progress_file: Path | None = None) -> Iterator[Report]:
    """Show a bar with loss, validation average precision and time to go; lines where no terminal listens.

    The same figures go into the file, for who has no terminal either.
    """
    file = ProgressFile(progress_file) if progress_file is not None else None
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[figures]}"), console=console) as bar:
        task = bar.add_task("training", total=1.0, figures="")
        shown: int | None = None

        def report(run: Run, loss: float) -> None:
            nonlocal shown
            gauges.show(run, loss)
            if file is not None:
                file.write(_figures(run, loss))
            bar.update(task, completed=run.spent, figures=f"step {run.step}  loss {loss:.3f}  {_to_go(run)}")
            if shown is None:  # what an interrupted run has said already
                shown = len(run.curve) - int(bool(run.curve) and run.curve[-1].step == run.step)
            if len(run.curve) > shown:
                shown = len(run.curve)
                point = run.curve[-1]
                measured = f"{point.average_precision:.3f}" if point.average_precision is not None else "-"
                console.print(f"step {point.step}: loss {point.loss:.3f}, validation average precision {measured}")

        yield report


def _figures(run: Run, loss: float) -> TrainingProgress:
    measured = [point.average_precision for point in run.curve if point.average_precision is not None]
    return TrainingProgress(
        step=run.step,
        steps=run.recipe.steps,
        spent=1.0 if run.ended else run.spent,
        loss=loss,
        average_precision=measured[-1] if measured else None,
        seconds_left=_seconds_left(run),
    )


def _to_go(run: Run) -> str:
    left = _seconds_left(run)
    return f"{left / 60:.0f} min to go" if left is not None else ""


def _seconds_left(run: Run) -> float | None:
    """Return an estimate from what was spent, None where that is too little to tell."""
    return run.seconds * (1 - run.spent) / run.spent if run.spent > 0.002 else None
