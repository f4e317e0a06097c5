"""`python -m worker`: inspect layer sets from the queue, or files by hand."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import track

from layerwatch.cli import run_app
from layerwatch.errors import LayerwatchError
from layerwatch.health import serve_health
from layerwatch.logs import configure_logging
from layerwatch.profile import Profile, load_profile
from layerwatch.redis_connection import answers, connect
from layerwatch.redis_results import RedisResults
from layerwatch.settings import load_settings
from layerwatch.signals import stop_on_signals
from layerwatch.verdict import Decision, Verdict
from worker import metrics
from worker.artifacts import ArtifactStore
from worker.by_hand import HandPicked, folder_by_key, inspect_set, line_of, message_of, pick
from worker.cpus import usable_cpus
from worker.dead_letters import bury
from worker.model import find_and_load
from worker.pipeline import Pipeline
from worker.quality_report import extremes, lines_of, look_at
from worker.reading import Locate
from worker.service import quieten_rq, serve
from worker.settings import WorkerSettings
from worker.station import SourceFolder, Station, install_station

NOT_ALL_PASS = 1

app = typer.Typer(no_args_is_help=True, help="Inspects layer sets, from the queue or by hand.")
log = structlog.get_logger("worker")


@app.command()
def run(
    model: Annotated[str | None, typer.Option(help="Bundle directory, or name in the registry.")] = None,
    precision: Annotated[str | None, typer.Option(help="int8 or float32.")] = None,
) -> None:
    """Take jobs from the queue until SIGTERM or Ctrl-C. Settings: WORKER_…, REDIS_URL, SOURCES_DIR, ARTIFACTS_DIR."""
    began = time.perf_counter()
    settings = load_settings(WorkerSettings, model=model, precision=precision)
    configure_logging(settings.log_format)
    quieten_rq()
    with stop_on_signals() as stop:
        client = connect(settings.redis_url)
        store, sources = ArtifactStore(settings.artifacts_dir), SourceFolder(settings.sources_dir)
        station = Station(
            pipeline=build_pipeline(settings, store, sources.locate),
            results=RedisResults(client),
            retry_pause_seconds=settings.retry_pause_seconds,
        )
        install_station(station)
        facts = station.pipeline.model.facts
        metrics.show_model(facts)
        pinger = connect(settings.redis_url, retries=0)
        checks = {"redis": lambda: answers(pinger), "model": lambda: True}
        with serve_health(settings.metrics_port, checks=checks, host=settings.metrics_host) as port:
            seconds = round(time.perf_counter() - began, 2)
            log.info("model_loaded", **facts.model_dump(), seconds=seconds, metrics_port=port)
            serve(client, settings, bury=lambda job_id, queue: bury(job_id, queue, station), stop=stop)
    log.info("worker_stopped")


@app.command()
def inspect(  # noqa: PLR0913 - one option a choice of the user
    files: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    *,
    profile: Annotated[str, typer.Option(help="A shipped profile, such as nist-ammt or single-light, or a TOML file.")],
    out: Annotated[Path, typer.Option(help="Gets one folder a layer set.")],
    model: Annotated[str | None, typer.Option(help="Bundle directory, or name in the registry.")] = None,
    precision: Annotated[str | None, typer.Option(help="int8 or float32.")] = None,
    probability: Annotated[bool, typer.Option(help="Also write probability.png, the model's output x 255.")] = False,
    printer: Annotated[str, typer.Option(help="Name of the machine in the layer keys.")] = "printer",
    mm_per_px: Annotated[float | None, typer.Option(min=1e-6, help="Edge of a pixel; gives areas in mm².")] = None,
) -> None:
    """Inspect files without Redis. Exit status: 0 all pass, 1 not all pass, 2 nothing could be inspected as asked."""
    settings = load_settings(WorkerSettings, model=model, precision=precision)
    configure_logging("console", level=logging.WARNING)
    chosen = load_profile(profile)
    if mm_per_px is not None:
        chosen = chosen.model_copy(update={"mm_per_px": mm_per_px})
    with disk_errors_in_one_line():
        picked = pick(files, chosen, printer=printer)
        for path in picked.passed_over:
            typer.echo(f"passed over: {path} is no picture of the profile {chosen.name}", err=True)
        pipeline = build_pipeline(settings, ArtifactStore(out, folder=folder_by_key), picked.locate)
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
        looked = []
        for one in look_at(pick(files, chosen, printer="printer"), chosen, max_pixels=settings.max_picture_pixels):
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


def build_pipeline(settings: WorkerSettings, store: ArtifactStore, locate: Locate) -> Pipeline:
    """Return what inspects, with its model loaded.

    Raises:
        LayerwatchError: the model cannot be used, or nothing can be written.
    """
    store.prepare()
    model = find_and_load(
        settings.model,
        registry=settings.registry_dir,
        precision=settings.precision,
        threads=settings.threads or usable_cpus(),
        limits=settings.limits,
    )
    return Pipeline(
        model=model, artifacts=store, locate=locate, worker=settings.name, max_pixels=settings.max_picture_pixels
    )


@contextmanager
def disk_errors_in_one_line() -> Iterator[None]:
    """Tell somebody who works by hand that a disk is full or a file locked, without a traceback."""
    try:
        yield
    except OSError as error:
        raise LayerwatchError(f"{error.filename or 'disk'}: {error.strerror or error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    return run_app(app, argv)


if __name__ == "__main__":
    sys.exit(main())
