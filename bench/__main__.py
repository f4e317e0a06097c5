"""`make bench`: medians of one run on this machine, as tables."""

import sys
import tempfile
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.ingest import ingest_table, time_ingest
from bench.pictures import simulate
from bench.prototype import time_tile
from bench.service import time_service
from bench.steps import STEPS, StepMedians, time_steps
from layerwatch.bundle import Precision, load_manifest
from layerwatch.cli import run_app
from layerwatch.machine import describe_machine, has_proc

PRECISIONS: tuple[Precision, ...] = ("int8", "float32")
app = typer.Typer(help="Times reading, inference, the whole path and ingest on this machine.")


class Part(StrEnum):
    INSPECTION = "inspection"  # reading, inference, the whole path
    INGEST = "ingest"  # backlogs, idling, layers that are printed now


@app.command()
def main(
    layers: Annotated[int, typer.Option(min=3, help="Layers of two layer sets each.")] = 8,
    sizes: Annotated[str, typer.Option(help="Sides of the pictures in pixels.")] = "1000,2000",
    bundle: Annotated[Path, typer.Option(help="The model.")] = Path("models/starter"),
    backlogs: Annotated[str, typer.Option(help="Pictures that lie in ingest's folder.")] = "10000,100000",
    only: Annotated[Part | None, typer.Option(help="Leave the other part out.")] = None,
) -> None:
    """Print medians of layer sets of three 16-bit lights, by hand and through the service, and what ingest needs."""
    console = Console(width=110)
    model = "" if only is Part.INGEST else f", bundle {load_manifest(bundle).id}"
    console.print(f"{datetime.now(UTC):%Y-%m-%d} on {describe_machine()}{model}")
    if only is not Part.INGEST:
        _inspections(console, layers, _numbers(sizes))
        _model(console, bundle)
    if only is not Part.INSPECTION:
        _ingest(console, _numbers(backlogs))


def _inspections(console: Console, layers: int, sizes: tuple[int, ...]) -> None:
    with tempfile.TemporaryDirectory(prefix="layerwatch-bench-") as folder:
        work = Path(folder)
        for size in sizes:
            with console.status(f"{size} x {size}: pictures"):
                pictures = simulate(work, size=size, layers=layers)
            with console.status(f"{size} x {size}: inspections"):
                rows = [
                    time_steps(pictures, work / f"{precision}-{size}", size=size, precision=precision)
                    for precision in PRECISIONS
                ]
                through, steps = time_service(pictures, work / f"service-{size}")
            console.print(_steps_table(rows))
            console.print(f"settled to published {1000 * through:.0f} ms, {through / steps:.2f} x its steps alone\n")


def _model(console: Console, bundle: Path) -> None:
    files = {precision: (bundle / f"{precision}.onnx").stat().st_size for precision in PRECISIONS}
    console.print(
        f"int8.onnx {files['int8'] / 1e6:.1f} MB, {files['int8'] / files['float32']:.3f} of float32.onnx "
        f"{files['float32'] / 1e6:.1f} MB"
    )
    tile = time_tile(bundle)
    console.print(_tile_table(tile) if tile else "torch is not installed: no comparison with the prototypes' way")


def _ingest(console: Console, backlogs: tuple[int, ...]) -> None:
    if not has_proc():
        console.print("there is no /proc here, as on Linux, to read CPU time and memory from: no figures of ingest")
        return
    figures = []
    for pictures in (0, *backlogs):
        with console.status(f"ingest: {pictures:,} pictures"):
            figures.append(time_ingest(pictures))
    console.print(ingest_table(figures[0], figures[1:]))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(",") if number)


def _steps_table(rows: list[StepMedians]) -> Table:
    table = Table(title=f"{rows[0].size} x {rows[0].size}, three 16-bit lights, medians in ms", title_justify="left")
    table.add_column("precision")
    for step in (*STEPS, "total"):
        table.add_column(step, justify="right")
    for row in rows:
        table.add_row(row.precision, *(f"{1000 * row.seconds[step]:.0f}" for step in STEPS), f"{1000 * row.total:.0f}")
    return table


def _tile_table(milliseconds: dict[str, float]) -> Table:
    slowest = max(milliseconds.values())
    table = Table(title="one tile of 512 x 512 x 3, 2 threads, medians of one run", title_justify="left")
    for name in ("engine", "ms", "times as fast"):
        table.add_column(name, justify="left" if name == "engine" else "right")
    for name, value in sorted(milliseconds.items(), key=lambda item: item[1]):
        table.add_row(name, f"{value:.0f}", f"{slowest / value:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(run_app(app))
