"""`make bench`: medians of one run on this machine, as tables and as the page docs/performance.md."""

import sys
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.bare import PRECISIONS, steps_figures, time_bare_loop
from bench.cases import one_light, three_lights
from bench.codecs import codec_figures
from bench.footprint import footprint_figures, measure_footprint
from bench.history import history_figures
from bench.ingest import ingest_figures
from bench.page import Figures, show, write_page
from bench.page_in_browser import page_figures
from bench.prototype import network_figures
from bench.service import service_figures, time_service
from layerwatch.cli import run_app
from layerwatch.machine import has_proc

app = typer.Typer(help="Times reading, inference, the whole path, ingest, the history and the page on this machine.")


class Part(StrEnum):
    NETWORK = "network"  # one tile on each engine, beside the prototypes' way
    CODECS = "codecs"  # decoders, encoders, labelling
    INSPECTION = "inspection"  # the steps, and the whole path through ingest, queue and worker
    FOOTPRINT = "footprint"  # a worker's start, and its memory over many layer sets
    INGEST = "ingest"  # backlogs, idling, layers that are printed now
    HISTORY = "history"  # what page and reports ask of a million layers
    PAGE = "page"  # what a browser loads, how soon a page can be used, and steps through a build


@app.command()
def main(  # noqa: PLR0913, PLR0917 - one option a choice of the user
    only: Annotated[list[Part] | None, typer.Option(help="Leave the other parts out; repeatable.")] = None,
    bundle: Annotated[Path, typer.Option(help="The model whose network is timed.")] = Path("models/starter"),
    sets: Annotated[int, typer.Option(min=10, help="Layer sets over which a worker's memory is watched.")] = 2000,
    backlogs: Annotated[str, typer.Option(help="Pictures that lie in ingest's folder.")] = "10000,100000",
    layers: Annotated[int, typer.Option(min=1, help="Layers in the history, two stages each.")] = 1_000_000,
    history_url: Annotated[str | None, typer.Option(help="An empty database; SQLite in a file without.")] = None,
    write: Annotated[Path | None, typer.Option(help="Page that gets the tables; what is not timed stays.")] = None,
) -> None:
    """Print what this machine reaches beside the budgets; takes 40 minutes, most of them for --sets and --backlogs."""
    console, progress = Console(width=130), Console(stderr=True)
    if not has_proc():
        console.print("there is no /proc here, as on Linux, to read CPU time and memory from")
        raise typer.Exit(2)
    parts = only or list(Part)
    numbers = tuple(int(number) for number in backlogs.split(",") if number)
    measured = []
    with tempfile.TemporaryDirectory(prefix="layerwatch-bench-") as folder:
        work = Path(folder)
        measuring = chain(
            _measure(work, parts, bundle, sets=sets, backlogs=numbers, progress=progress),
            _histories(work, parts, layers, progress, history_url),
            page_figures(work / "page", progress) if Part.PAGE in parts else (),
        )
        for figures in measuring:
            show(figures, console)
            measured.append(figures)
            if write is not None:
                write_page(write, measured)


def _measure(  # noqa: PLR0913 - the choices of the user
    work: Path, parts: list[Part], bundle: Path, *, sets: int, backlogs: tuple[int, ...], progress: Console
) -> Iterator[Figures]:
    if Part.NETWORK in parts:
        with progress.status("network"):
            yield network_figures(bundle)
    if Part.CODECS in parts:
        with progress.status("codecs"):
            yield codec_figures()
    if Part.INSPECTION in parts:
        yield from _inspections(work, progress)
    if Part.FOOTPRINT in parts:
        case = three_lights(work / "footprint-pictures")
        yield footprint_figures(case, measure_footprint(case, work / "footprint", layer_sets=sets, progress=progress))
    if Part.INGEST in parts:
        yield ingest_figures(backlogs, progress)


def _histories(
    work: Path, parts: list[Part], layers: int, progress: Console, database_url: str | None
) -> Iterator[Figures]:
    if Part.HISTORY in parts:
        yield history_figures(work, layers, progress, database_url=database_url)


def _inspections(work: Path, progress: Console) -> Iterator[Figures]:
    with progress.status("pictures"):
        cases = (three_lights(work), one_light(work))
    loops, through = [], []
    for number, case in enumerate(cases):
        for precision in PRECISIONS:
            with progress.status(f"{case.name}: {precision}"):
                loops.append(time_bare_loop(case, work / f"{precision}-{number}", precision=precision))
    yield steps_figures(loops)
    for number, case in enumerate(cases):
        with progress.status(f"{case.name}: through the service"):
            through.append(time_service(case, work / f"service-{number}"))
    yield service_figures(through)


if __name__ == "__main__":
    sys.exit(run_app(app))
