"""What the person at the terminal sees while a network is trained."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from trainer import gauges
from trainer.checkpoint import Progress as Run
from trainer.training import Report


@contextmanager
def training_bar(console: Console) -> Iterator[Report]:
    """Show a bar with loss, validation average precision and time to go; lines where no terminal listens."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[figures]}"), console=console) as bar:
        task = bar.add_task("training", total=1.0, figures="")
        shown: int | None = None

        def report(run: Run, loss: float) -> None:
            nonlocal shown
            gauges.show(run, loss)
            bar.update(task, completed=run.spent, figures=f"step {run.step}  loss {loss:.3f}  {_to_go(run)}")
            if shown is None:  # what an interrupted run has said already
                shown = len(run.curve) - int(bool(run.curve) and run.curve[-1].step == run.step)
            if len(run.curve) > shown:
                shown = len(run.curve)
                point = run.curve[-1]
                measured = f"{point.average_precision:.3f}" if point.average_precision is not None else "-"
                console.print(f"step {point.step}: loss {point.loss:.3f}, validation average precision {measured}")

        yield report


def _to_go(run: Run) -> str:
    left = run.seconds * (1 - run.spent) / max(run.spent, 1e-6)
    return f"{left / 60:.0f} min to go" if run.spent > 0.002 else ""
