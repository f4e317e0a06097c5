"""`python -m simulator`: a printer that does not exist."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from layerwatch.cli import run_app
from layerwatch.errors import SettingsError
from layerwatch.health import serve_health
from layerwatch.profile import Profile, load_profile
from simulator.build import REFERENCE_MM_PER_PX, plan_build
from simulator.clock import Clock
from simulator.faults import SPELLING, parse_faults
from simulator.planned import DEFECT_SPELLING, parse_defects
from simulator.printer import Job, Tally, print_layers, refuse_overwriting
from simulator.record import TruthRecord
from simulator.replay import find_pictures, group_by_layer, replay_layers
from simulator.writer import WriteMode

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="A printer that does not exist: it writes layer pictures as a real one would, with the truth beside them.",
)

Out = Annotated[Path, typer.Option(help="Folder that the printer writes its pictures into.")]
Write = Annotated[WriteMode, typer.Option(help="How a file appears: growing slowly, renamed when whole, or in one go.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")]


@app.command()
def run(  # noqa: PLR0913 - each is one option
    *,
    out: Out,
    layers: Annotated[int, typer.Option(min=0, help="Layers to print; 0 goes on until stopped.")] = 8,
    every: Annotated[int, typer.Option(min=1, help="Print only every so many-th layer: more of a long build.")] = 1,
    period: Annotated[float, typer.Option(min=0, help="Seconds from layer to layer; 0 is as fast as possible.")] = 5.0,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything: the same seed gives the same files.")] = 1,
    profile: Annotated[
        str, typer.Option(help="How the printer writes: a shipped profile or a TOML file.")
    ] = "nist-ammt",
    size: Annotated[int, typer.Option(min=64, max=8192, help="Side of a picture in pixels.")] = 1000,
    truth: Annotated[Path | None, typer.Option(help="Folder for masks and truth.json; OUT-truth by default.")] = None,
    defect_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of layer sets with a defect.")] = 0.6,
    mm_per_px: Annotated[float, typer.Option(min=0.005, max=0.5, help="Size of a pixel.")] = REFERENCE_MM_PER_PX,
    bits: Annotated[
        int | None, typer.Option(min=8, max=16, help="Bits of grey; by default what the profile has.")
    ] = None,
    defect: Annotated[list[str] | None, typer.Option(help=f"Repeatable: {DEFECT_SPELLING}.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help=f"Repeatable: {SPELLING}.")] = None,
    write: Write = WriteMode.SLOW,
    overwrite: Overwrite = False,
    processes: Annotated[int, typer.Option(min=0, help="Processes that render; 0 chooses.")] = 0,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve /metrics and /health here; 0 takes a free port.")
    ] = None,
) -> None:
    """Print a build: pictures of both stages under every light of the profile, truth masks in a folder beside.

    Example: eight layers, one every five seconds, the fourth with a black picture:

    `python -m simulator run --out watched --layers 8 --period 5 --seed 7 --fault black@4:melt:b`

    One streak that stays at its place from layer 5 to 9, and nothing else:

    `python -m simulator run --out watched --layers 12 --defect-rate 0 --defect streak@5-9`

    A data set for training, as fast as it goes:

    `python -m simulator run --out data/seed1 --truth data/seed1-truth --layers 50 --every 9 --period 0 --seed 1`
    """
    chosen = load_profile(profile)
    depth = bits or chosen.bits or (16 if chosen.lights else 8)
    build = plan_build(
        seed=seed,
        size=size,
        lights=chosen.expected_lights,
        bits=depth,
        mm_per_px=mm_per_px,
        defect_rate=defect_rate,
        plate=chosen.plate,
        planned=parse_defects(defect or ()),
    )
    job = Job(
        build=build,
        profile=chosen,
        layers=layers,
        faults=parse_faults(fault or [], chosen),
        out=out,
        truth=truth or out.with_name(f"{out.name}-truth"),
        write=write,
        period_seconds=period,
        processes=processes or (1 if period else min(2, os.cpu_count() or 1)),
        every=every,
    )
    _check_faults_are_reached(job)
    if not overwrite:
        refuse_overwriting(job)
    options = {
        "profile": chosen.name,
        "layers": layers,
        "every": every,
        "size": size,
        "bits": depth,
        "defect_rate": defect_rate,
        "defects": defect or [],
        "faults": fault or [],
    }
    _print(job, TruthRecord(job.truth, build, options), metrics_port)


def _check_faults_are_reached(job: Job) -> None:
    late = [fault for fault in job.faults if job.layers and fault.layer > job.last]
    if late:
        raise SettingsError(f"--fault {late[0].kind}@{late[0].layer} is beyond the last layer, {job.last}")


def _print(job: Job, record: TruthRecord, metrics_port: int | None) -> None:
    tally = Tally()
    total = job.layers * len(job.profile.written_stages) or None
    with ExitStack() as stack:
        if metrics_port is not None:
            stack.enter_context(serve_health(metrics_port, checks={"out": job.out.is_dir}))
        try:
            with _progress("printing", total) as advance:
                for _ in print_layers(job, record, tally):
                    advance()
        finally:
            record.save()
            typer.echo(str(tally))


@app.command()
def replay(  # noqa: PLR0913 - each is one option
    *,
    source: Annotated[Path, typer.Option(help="Folder with your pictures; sub-folders are kept.")],
    out: Out,
    period: Annotated[float, typer.Option(min=0, help="Seconds from layer to layer; 0 is as fast as possible.")] = 2.0,
    layers: Annotated[int, typer.Option(min=0, help="Stop after so many layer sets; 0 takes all.")] = 0,
    profile: Annotated[
        str | None, typer.Option(help="Write the lights of a layer set together, as this profile groups them.")
    ] = None,
    write: Write = WriteMode.SLOW,
    overwrite: Overwrite = False,
) -> None:
    """Copy pictures of your own into a folder as a printer would write them, in natural order of their names.

    Example: `python -m simulator replay --source my-build --out watched --period 2`
    """
    found = find_pictures(source)
    if out.resolve().is_relative_to(source.resolve()):
        raise SettingsError(f"--out {out} lies inside --source {source}; choose a folder outside")
    for name in found.skipped:
        typer.echo(f"warning: {name} is no picture, skipped", err=True)
    chosen: Profile | None = load_profile(profile) if profile else None
    groups = group_by_layer(found.pictures, chosen)[: layers or None]
    there = [str(name) for group in groups for name in group if (out / name).exists()]
    if there and not overwrite:
        raise SettingsError(f"{there[0]} is there already; give another --out, or --overwrite to replace it")
    sets, files = 0, 0
    try:
        with _progress("replaying", len(groups)) as advance:
            for written in replay_layers(found, groups, out, write, Clock(period)):
                sets, files = sets + 1, files + written
                advance()
    finally:
        typer.echo(f"{sets} layer sets, {files} files")


class _Advance:
    """Moves a bar on by one; does nothing where nobody watches."""

    def __init__(self, progress: Progress, total: int | None, text: str) -> None:
        self._progress = progress
        self._task = progress.add_task(text, total=total)

    def __call__(self) -> None:
        self._progress.advance(self._task)


@contextmanager
def _progress(text: str, total: int | None) -> Iterator[_Advance]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield _Advance(progress, total, text)


def _stop(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator and return its exit status: 0 done, 2 misuse, 130 stopped."""
    signal.signal(signal.SIGTERM, _stop)
    return run_app(app, argv)


if __name__ == "__main__":
    sys.exit(main())
