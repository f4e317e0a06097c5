"""`python -m worker`: inspect layer sets from the queue, or files by hand."""

import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import track

from layerwatch.cli import run_app
from layerwatch.errors import ArtifactsUnwritableError, LayerwatchError
from layerwatch.health import serve_health
from layerwatch.job import InspectLayer
from layerwatch.logs import configure_logging
from layerwatch.pictures import fetch_file
from layerwatch.profile import Profile, load_profile
from layerwatch.redis_connection import answers, connect
from layerwatch.redis_pictures import RedisPictures
from layerwatch.redis_results import RedisResults
from layerwatch.settings import load_settings
from layerwatch.signals import stop_on_signals
from layerwatch.verdict import Decision, Verdict
from worker import metrics
from worker.apart import UNWRITABLE
from worker.artifacts import ArtifactStore
from worker.bench.pictures import parse_size, write_pictures
from worker.bench.report import print_timings
from worker.by_hand import HandPicked, folder_by_key, inspect_set, line_of, message_of, pick
from worker.dead_letters import bury
from worker.disk_space import measuring_space
from worker.engines.port import BACKENDS
from worker.lifeline import when_cut
from worker.outage import ArtifactsOutage
from worker.pipeline import Pipeline
from worker.pool.service import serve_pool
from worker.quality_report import extremes, lines_of, look_at
from worker.service import quieten_rq, serve
from worker.settings import WorkerSettings
from worker.station import Station, current_station, install_station
from worker.wiring import (
    build_pipeline,
    build_reader,
    by_hand_pipeline,
    find_model,
    inspection_apart,
    model_loader,
    picture_fetcher,
    swaps,
)

NOT_ALL_PASS = 1
ORPHANED = 1

ModelOption = Annotated[str | None, typer.Option(help="Bundle directory, or name in the registry.")]
PrecisionOption = Annotated[str | None, typer.Option(help="int8 or float32; not given, what suits the engine.")]
BackendOption = Annotated[
    str | None, typer.Option(help=f"Engine that runs the network: auto, {', '.join(BACKENDS)}.", show_default="auto")
]
LifelineOption = Annotated[int | None, typer.Option("--lifeline", hidden=True, help="Inherited; once cut, it stops.")]

app = typer.Typer(no_args_is_help=True, help="Inspects layer sets, from the queue or by hand.")
log = structlog.get_logger("worker")


@app.command()
def run(
    model: ModelOption = None,
    precision: PrecisionOption = None,
    backend: BackendOption = None,
    line: LifelineOption = None,
) -> None:
    """Take jobs from the queue until SIGTERM or Ctrl-C. Settings: WORKER_…, REDIS_URL, SOURCES_DIR, ARTIFACTS_DIR."""
    began = time.perf_counter()
    settings = load_settings(WorkerSettings, model=model, precision=precision, backend=backend)
    configure_logging(settings.log_format)
    quieten_rq()
    with stop_on_signals() as stop:
        if line is not None:
            when_cut(line, stop.set)
        client = connect(settings.redis_url)
        load, place = model_loader(settings), find_model(settings)
        store, pictures = ArtifactStore(settings.artifacts_dir), RedisPictures(client)
        store.prepare()
        # No name for the station or its model here: it would keep them in memory after a swap.
        install_station(
            Station(
                pipeline=build_pipeline(settings, load(place), store, picture_fetcher(settings, pictures)),
                results=RedisResults(client),
                pictures=pictures,
                retry_pause_seconds=settings.retry_pause_seconds,
                apart=inspection_apart(settings),
                outage=(outage := ArtifactsOutage(store.probe)),
            )
        )
        facts = current_station().pipeline.model.facts
        metrics.show_model(facts)
        pinger = connect(settings.redis_url, retries=0)
        checks = {"redis": lambda: answers(pinger), "model": lambda: True, "artifacts": lambda: not outage.lasts}
        with (
            serve_health(settings.metrics_port, checks=checks, host=settings.metrics_host) as port,
            swaps(settings, load, place),
            measuring_space(settings.artifacts_dir),
        ):
            seconds = round(time.perf_counter() - began, 2)
            log.info("model_loaded", **facts.model_dump(), seconds=seconds, metrics_port=port)
            reader = current_station().pipeline.reader
            serve(
                client,
                settings,
                bury=lambda job_id, queue: bury(job_id, queue, current_station()),
                reader=reader,
                stop=stop,
            )
    log.info("worker_stopped")


@app.command()
def pool(
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="0: one for every two CPUs of the cgroup, at least one.")
    ] = 0,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    backend: BackendOption = None,
) -> None:
    """Run several workers, WORKER_NAME-1 and so on, until SIGTERM or Ctrl-C, and start those again that die.

    Unless WORKER_THREADS is set, they share the CPUs. /metrics and /health answer for all of them on
    WORKER_METRICS_PORT. A second SIGTERM or Ctrl-C does not wait for the jobs in hand.
    """
    settings = load_settings(WorkerSettings, model=model, precision=precision, backend=backend)
    configure_logging(settings.log_format)
    serve_pool(settings, workers=workers)


@app.command()
def inspect(  # noqa: PLR0913 - one option a choice of the user
    files: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    *,
    profile: Annotated[str, typer.Option(help="A shipped profile, such as nist-ammt or single-light, or a TOML file.")],
    out: Annotated[Path, typer.Option(help="Gets one folder a layer set.")],
    model: ModelOption = None,
    precision: PrecisionOption = None,
    backend: BackendOption = None,
    probability: Annotated[bool, typer.Option(help="Also write probability.png, the model's output x 255.")] = False,
    printer: Annotated[str, typer.Option(help="Name of the machine in the layer keys.")] = "printer",
    mm_per_px: Annotated[float | None, typer.Option(min=1e-6, help="Edge of a pixel; gives areas in mm².")] = None,
) -> None:
    """Inspect files without Redis. Exit status: 0 all pass, 1 not all pass, 2 nothing could be inspected as asked."""
    settings = load_settings(WorkerSettings, model=model, precision=precision, backend=backend)
    configure_logging("console", level=logging.WARNING)
    chosen = load_profile(profile)
    if mm_per_px is not None:
        chosen = chosen.model_copy(update={"mm_per_px": mm_per_px})
    with disk_errors_in_one_line():
        picked = pick(files, chosen, printer=printer)
        for path in picked.passed_over:
            typer.echo(f"passed over: {path} is no picture of the profile {chosen.name}", err=True)
        fetch = partial(fetch_file, locate=picked.locate)
        store = ArtifactStore(out, folder=folder_by_key)
        store.prepare()
        pipeline = by_hand_pipeline(settings, store, fetch)
        verdicts = _inspect_all(picked, chosen, pipeline, with_probability=probability)
    raise typer.Exit(0 if all(verdict.decision is Decision.PASS for verdict in verdicts) else NOT_ALL_PASS)


@app.command()
def quality(
    files: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    *,
    profile: Annotated[str, typer.Option(help="A shipped profile, such as nist-ammt or single-light, or a TOML file.")],
) -> None:
    """Print how saturated and sharp pictures are, and what is invalid. Exit status: 0 none, 1 some, 2 no picture.

    The last lines say what limits in a profile, `max_saturated` and `min_sharpness`, have to leave room for.
    """
    settings = load_settings(WorkerSettings)
    configure_logging("console", level=logging.WARNING)
    chosen = load_profile(profile)
    with disk_errors_in_one_line():
        looked, picked = [], pick(files, chosen, printer="printer")
        for one in look_at(picked, chosen, build_reader(settings, partial(fetch_file, locate=picked.locate))):
            looked.append(one)
            typer.echo("\n".join(lines_of(one)))
    typer.echo("\n".join(extremes(looked)))
    raise typer.Exit(NOT_ALL_PASS if any(one.problems for one in looked) else 0)


def _inspect_all(picked: HandPicked, profile: Profile, pipeline: Pipeline, *, with_probability: bool) -> list[Verdict]:
    """Inspect every set, print a line for each, and show the progress of many on a terminal."""
    bar = track(
        picked.sets,
        description="inspecting",
        console=Console(stderr=True),
        transient=True,
        disable=len(picked.sets) < 2 or not (sys.stderr.isatty() and sys.stdout.isatty()),
    )
    verdicts = []
    for layer_set in bar:
        began = time.perf_counter()
        verdict = inspect_set(message_of(layer_set, profile), pipeline, with_probability=with_probability)
        typer.echo(line_of(verdict, seconds=time.perf_counter() - began))
        verdicts.append(verdict)
    return verdicts


@app.command(hidden=True)
def inspect_apart(
    attempt: Annotated[int, typer.Option(min=1)],
    line: Annotated[int, typer.Option("--lifeline")],
    model: ModelOption = None,
    precision: PrecisionOption = None,
    backend: BackendOption = None,
) -> None:
    """Inspect the job that comes on standard input and print its verdict: what a worker does with a doubtful one."""
    when_cut(line, lambda: os._exit(ORPHANED))  # its job is somebody else's, and so are its artifacts
    settings = load_settings(WorkerSettings, model=model, precision=precision, backend=backend)
    configure_logging(settings.log_format, level=logging.WARNING)
    message = InspectLayer.from_wire(json.load(sys.stdin))
    fetch = picture_fetcher(settings, RedisPictures(connect(settings.redis_url)))
    with disk_errors_in_one_line():
        pipeline = by_hand_pipeline(settings, ArtifactStore(settings.artifacts_dir), fetch)
        try:
            verdict, _ = pipeline.inspect(message, attempt=attempt)
        except ArtifactsUnwritableError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(UNWRITABLE) from error
    typer.echo(verdict.to_json())


@app.command()
def bench(  # noqa: PLR0913 - one option a choice of the user
    files: Annotated[list[Path] | None, typer.Argument(help="Pictures, or folders of them; none: noise.")] = None,
    *,
    profile: Annotated[str, typer.Option(help="A shipped profile, or a TOML file.")] = "nist-ammt",
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels, where no files are given.")] = "2000x2000",
    rounds: Annotated[int, typer.Option(min=1, help="Inspections that are timed.")] = 40,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    backend: BackendOption = None,
) -> None:
    """Print where the time of an inspection goes on this machine: each step from the file to the published verdict."""
    settings = load_settings(WorkerSettings, model=model, precision=precision, backend=backend)
    configure_logging("console", level=logging.WARNING)
    chosen = load_profile(profile)
    with tempfile.TemporaryDirectory(prefix="layerwatch-bench-") as folder, disk_errors_in_one_line():
        given = files or [write_pictures(Path(folder) / "pictures", chosen, size=parse_size(size))]
        picked = pick(given, chosen, printer="bench")
        fetch = partial(fetch_file, locate=picked.locate)
        pipeline = by_hand_pipeline(settings, ArtifactStore(Path(folder) / "artifacts"), fetch)
        print_timings(pipeline, [message_of(layer_set, chosen) for layer_set in picked.sets], rounds=rounds)


@contextmanager
def disk_errors_in_one_line() -> Iterator[None]:
    """Tell somebody who works by hand that a disk is full or a file locked, without a traceback."""
    try:
        yield
    except LayerwatchError:
        raise
    except OSError as error:
        raise LayerwatchError(f"{error.filename or 'disk'}: {error.strerror or error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    return run_app(app, argv)


if __name__ == "__main__":
    sys.exit(main())
