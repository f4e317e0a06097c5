"""What `make chaos` measured, as a table of docs/reliability.md."""

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console

from bench.page import Figures, show, write_page
from layerwatch.cli import run_app

TITLE = "What was broken, and how soon all was whole again"
COLUMNS = ("fault", "held, s", "whole again after, s", "longest wait for a verdict, s", "alerts that came, and went")
NOTE = """{rounds} rounds of {faults} faults, {sets} layer sets printed meanwhile, one a second; each has exactly one
verdict. Median of the rounds / the longest. *Held* is until it was mended; a dash is what mends itself. *Whole again*
is counted from then (from the blow where nothing is held) until each picture that is older than 4 s has its verdict and
its place in the history, the page answers, and Prometheus reaches every role."""

app = typer.Typer(help="Makes a table of what `make chaos` measured.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """One fault of one round.

    Attributes:
        held: seconds until it was mended, 0 where it mends itself.
        whole_after: seconds from then until all went as before.
        longest_wait: seconds from a picture to its verdict, of the layer sets that were printed meanwhile.
        layer_sets: how many those were.
        alerts: that fired, those of a role with its job.
    """

    fault: str
    held: float
    whole_after: float
    longest_wait: float
    layer_sets: int
    alerts: tuple[str, ...]


@app.command()
def main(
    records: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder with a file for each round.")],
    write: Annotated[Path | None, typer.Option(help="Page that gets the table; all else in it stays.")] = None,
) -> None:
    """Print the table."""
    rounds = [read_round(file) for file in sorted(records.glob("*.jsonl"))]
    if not rounds:
        Console(stderr=True).print(f"no round left a file in {records}: make chaos needs a container engine")
        raise typer.Exit(2)
    figures = reliability_figures(rounds)
    show(figures, Console(width=160))
    if write is not None:
        write_page(write, [figures])


def read_round(file: Path) -> list[Blow]:
    """Return what one round measured, in order."""
    told = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return [Blow(**{**one, "alerts": tuple(one["alerts"])}) for one in told]


def reliability_figures(rounds: list[list[Blow]]) -> Figures:
    """Return a row for each fault, over all rounds."""
    blows: dict[str, list[Blow]] = defaultdict(list)
    for blow in (blow for one in rounds for blow in one):
        blows[blow.fault].append(blow)
    return Figures(
        title=TITLE,
        command=f"make chaos ROUNDS={len(rounds)}",
        columns=COLUMNS,
        rows=tuple(_row(fault, found) for fault, found in blows.items()),
        note=" ".join(NOTE.split()).format(
            rounds=len(rounds), faults=len(blows), sets=sum(blow.layer_sets for one in rounds for blow in one)
        ),
    )


def _row(fault: str, found: list[Blow]) -> tuple[str, ...]:
    held = max(blow.held for blow in found)
    alerts = sorted({alert for blow in found for alert in blow.alerts})
    return (
        fault,
        f"{held:.0f}" if held else "-",
        _both([blow.whole_after for blow in found]),
        _both([blow.longest_wait for blow in found]),
        ", ".join(alerts) or "-",
    )


def _both(seconds: list[float]) -> str:
    return f"{median(seconds):.1f} / {max(seconds):.1f}"


if __name__ == "__main__":
    sys.exit(run_app(app))
