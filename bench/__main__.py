"""`make bench`: medians of one run on this machine, as tables."""

import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.pictures import simulate
from bench.prototype import time_tile
from bench.service import time_service
from bench.steps import STEPS, StepMedians, time_steps
from layerwatch.bundle import Precision, load_manifest
from layerwatch.cli import run_app

PRECISIONS: tuple[Precision, ...] = ("int8", "float32")
app = typer.Typer(help="Times reading, inference and the whole path on this machine.")


@app.command()
def main(
    layers: Annotated[int, typer.Option(min=3, help="Layers of two layer sets each.")] = 8,
    sizes: Annotated[str, typer.Option(help="Sides of the pictures in pixels.")] = "1000,2000",
    bundle: Annotated[Path, typer.Option(help="The model.")] = Path("models/starter"),
) -> None:
    """Simulate layer sets of three 16-bit lights, inspect them by hand and through the service, print medians."""
    console = Console(width=110)
    console.print(f"{datetime.now(UTC):%Y-%m-%d} on {_machine()}, bundle {load_manifest(bundle).id}")
    with tempfile.TemporaryDirectory(prefix="layerwatch-bench-") as folder:
        work = Path(folder)
        for size in (int(text) for text in sizes.split(",")):
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
    files = {precision: (bundle / f"{precision}.onnx").stat().st_size for precision in PRECISIONS}
    console.print(
        f"int8.onnx {files['int8'] / 1e6:.1f} MB, {files['int8'] / files['float32']:.3f} of float32.onnx "
        f"{files['float32'] / 1e6:.1f} MB"
    )
    tile = time_tile(bundle)
    console.print(_tile_table(tile) if tile else "torch is not installed: no comparison with the prototypes' way")


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


def _machine() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    models = [line for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.is_file() else []
    name = models[0].split(":", 1)[1].strip() if models else platform.processor()
    return f"{len(os.sched_getaffinity(0))} CPUs of {name}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(run_app(app))
