"""What the person at the terminal reads about regenerated masks."""

from collections import defaultdict

import numpy as np
from rich.console import Console
from rich.table import Table

from layerwatch.layers import Stage
from trainer.regenerate.density import Density, warnings
from trainer.regenerate.figures import Figures
from trainer.regenerate.method import Method
from trainer.regenerate.run import Outcome


def print_outcome(outcome: Outcome, console: Console) -> None:
    """Print densities by stage, figures against truth where there are any, and warnings."""
    console.print(_densities(outcome.densities))
    if outcome.figures:
        console.print(_figures(outcome))
        console.print(_kinds(outcome))
    for line in outcome.skipped:
        console.print(f"[bold]left out:[/bold] {line}", soft_wrap=True)
    for line in warnings(outcome.densities):
        console.print(f"[bold]warning:[/bold] {line}", soft_wrap=True)


def _densities(densities: list[Density]) -> Table:
    table = Table(title=f"{len(densities)} masks: share of the judged pixels")
    for column in ("stage", "masks", "empty", "mean", "most", "open (128)"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    stages: dict[Stage, list[Density]] = defaultdict(list)
    for item in densities:
        stages[item.key.stage].append(item)
    for stage, items in sorted(stages.items()):
        ratios = np.array([item.defect_ratio for item in items])
        opened = np.mean([item.ignored_ratio for item in items])
        empty = int((ratios == 0).sum())
        table.add_row(
            stage, f"{len(items)}", f"{empty}", f"{ratios.mean():.3%}", f"{ratios.max():.2%}", f"{opened:.2%}"
        )
    return table


def _figures(outcome: Outcome) -> Table:
    table = Table(title="against the truth, per pixel; a defect that is left open (128) counts as missed")
    for column in ("method", "stage", "precision", "recall", "F1", "IoU", "open (128)"):
        table.add_column(column, justify="left" if column in {"method", "stage"} else "right")
    for method, total in _totals(outcome).items():
        stages = [(stage, own) for (other, stage), own in sorted(outcome.figures.items()) if other == method]
        for name, figures in (("both" if len(stages) > 1 else "", total), *stages):
            if name:
                shares = (figures.precision, figures.recall, figures.f1, figures.iou)
                table.add_row(method, name, *map(_text, shares), f"{figures.open_share:.2%}")
    return table


def _kinds(outcome: Outcome) -> Table:
    totals = _totals(outcome)
    table = Table(title="recall of each kind of defect, per pixel")
    table.add_column("kind")
    table.add_column("true px", justify="right")
    for method in totals:
        table.add_column(method, justify="right")
    first = next(iter(totals.values()))
    recalls = [figures.recalls() for figures in totals.values()]
    for kind in recalls[0]:
        found = (_text(recall.get(kind)) for recall in recalls)
        table.add_row(outcome.kinds.get(kind, str(kind)), f"{first.true_kinds[kind]}", *found)
    return table


def _totals(outcome: Outcome) -> dict[Method, Figures]:
    """Return the figures of each method over all stages, in the order in which they were asked for."""
    totals: dict[Method, Figures] = defaultdict(Figures)
    for (method, _), figures in outcome.figures.items():
        totals[method] += figures
    return totals


def _text(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"
