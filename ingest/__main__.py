"""The command line of ingest: `python -m ingest run` and `python -m ingest check`."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer
from rich.console import Console

from ingest.by_value import sender_of
from ingest.check import offer_profile, show
from ingest.feed import Sink
from ingest.fleet import Fleet
from ingest.ledger import DiskLedger, ledger_file
from ingest.metrics import QUEUED, Outcome
from ingest.printers import printers_of
from ingest.propose import propose
from ingest.quarantine import quarantine, requeue
from ingest.service import Ingest
from ingest.settings import IngestSettings, Printer, printer_of, refuse_own_output
from ingest.status import as_json as status_json
from ingest.status import is_fine, print_status
from ingest.understanding import understand
from layerwatch.artifacts import open_artifacts
from layerwatch.cli import run_app
from layerwatch.errors import SettingsError
from layerwatch.health import serve_health
from layerwatch.logs import configure_logging
from layerwatch.redis_connection import answers, connect, reach_redis
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.redis_sources import RedisSources
from layerwatch.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watch a printer's folder and queue an inspection for every layer set in it. Nothing there is ever changed.",
)
log = structlog.get_logger()

SourceOption = Annotated[
    Path | None,
    typer.Option(help="Folder that the printer writes into, with its subfolders. (env SOURCES_DIR)"),
]
ProfileOption = Annotated[
    str | None, typer.Option(help="How the printer names its files: a shipped profile or a .toml. (env INGEST_PROFILE)")
]
PrinterOption = Annotated[
    str | None, typer.Option(help="Name of the machine: letters, digits, '-'. (env INGEST_PRINTER)")
]
BuildOption = Annotated[
    str | None,
    typer.Option(help="Build for files whose name and subfolder tell none; else the folder's name. (env INGEST_BUILD)"),
]
PixelOption = Annotated[
    float | None, typer.Option(help="Edge of a pixel on the plate in mm, for areas in mm². (env INGEST_MM_PER_PX)")
]


@app.command()
def run(  # noqa: PLR0913 - one argument an option
    *,
    source: SourceOption = None,
    profile: ProfileOption = None,
    printer: PrinterOption = None,
    build: BuildOption = None,
    mm_per_px: PixelOption = None,
    printers: Annotated[
        Path | None,
        typer.Option(
            help="TOML file of several printers, each with its folder below --source and its profile, in place of the "
            "four options above. (env INGEST_PRINTERS)"
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Queue what lies there, print a summary and end.")] = False,
) -> None:
    """Queue every layer set: those that lie in the folder already, and those that come.

    The worker must see the same folder under the same SOURCES_DIR. Stop with Ctrl-C or SIGTERM; what was not
    queued yet is found again at the next start, and nothing is queued twice.
    """
    single = {"profile": profile, "printer": printer, "build": build, "mm_per_px": mm_per_px}
    settings = load_settings(IngestSettings, sources_dir=source, printers=printers, **single)
    if printers is not None and any(value is not None for value in single.values()):
        raise SettingsError("--printers says profile, name, build and mm_per_px of each printer; leave the options out")
    configure_logging(settings.log_format)
    watched = printers_of(settings)
    refuse_own_output(watched, settings.artifacts_dir)
    client, probe = connect(settings.redis_url, retries=1), connect(settings.redis_url, retries=0)
    sink = Sink(
        queue=RedisQueue(client),
        ledger=RedisResults(client),
        sources=RedisSources(client),
        artifacts=open_artifacts(settings.artifacts_dir),
    )

    def loop_of(each: Printer) -> Ingest:
        return Ingest(
            each,
            sink,
            rescan_seconds=settings.rescan_seconds,
            queue_limit=settings.queue_limit,
            sender=sender_of(settings, client, each.locate) if settings.send == "bytes" else None,
            ledger=DiskLedger(ledger_file(settings.ledger_dir, each.name, each.root)),
        )

    fleet = Fleet({each.name: loop_of(each) for each in watched})
    needed = {"redis": lambda: answers(probe), **fleet.source_checks}
    with (
        serve_health(settings.metrics_port, checks=needed, live=fleet.loop_checks, host=settings.metrics_host) as port,
        _stopped_by_signals(fleet),
    ):
        for each in watched:
            log.info("watching", folder=str(each.root), profile=each.profile.name, printer=each.name, health_port=port)
        fleet.run(once=once)
    log.info("stopped", files=sum(loop.intake.files for loop in fleet.loops))
    if once:
        for each, loop in zip(watched, fleet.loops, strict=True):
            typer.echo(f"{each.name}: {_summary(loop)}" if len(watched) > 1 else _summary(loop))


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder with pictures of the printer.")],
    profile: ProfileOption = None,
    build: BuildOption = None,
    write: Annotated[
        Path | None, typer.Option(help="Write a profile that fits the names to this new .toml file.")
    ] = None,
) -> None:
    """Show how each file in a folder would be understood, and which do not match; exit 1 if none does.

    Where most do not, a profile is proposed that fits them; --write FILE keeps it, and proposes one in any case.
    """
    settings = load_settings(IngestSettings, sources_dir=folder, profile=profile, build=build)
    printer = printer_of(settings)
    understanding = understand(printer)
    show(understanding, printer)
    if write is not None or len(understanding.unmatched) > len(understanding.files):
        offer_profile(propose(understanding.paths), understanding, write)
    raise typer.Exit(code=0 if understanding.files else 1)


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False) -> None:
    """Show every source that ingest watches, and what waits; exit 1 if one is down or ingest is silent.

    The folders of REDIS_URL's ingest are shown, wherever it runs.
    """
    with reach_redis(load_settings(IngestSettings).redis_url) as client:
        queue = RedisQueue(client)
        states, depth, given_up = RedisSources(client).states(), queue.depth(), queue.count_given_up()
    now = datetime.now(UTC)
    if as_json:
        typer.echo(status_json(states, depth, given_up, now))
    else:
        print_status(states, depth, given_up, Console(width=None if sys.stdout.isatty() else 180), now)
    raise typer.Exit(code=0 if is_fine(states, now) else 1)


@contextmanager
def _stopped_by_signals(fleet: Fleet) -> Iterator[None]:
    """Let SIGTERM and the first Ctrl-C end the loops after what they have in hand; a second Ctrl-C ends it at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        fleet.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _summary(ingest: Ingest) -> str:
    outcomes = ingest.feed.outcomes
    queued = sum(outcomes[outcome] for outcome in QUEUED)
    parts = [f"{ingest.intake.files} files", f"{queued} layer sets queued"]
    parts += [
        f"{outcomes[outcome]} {outcome}" for outcome in Outcome if outcome is not Outcome.COMPLETE and outcomes[outcome]
    ]
    parts += [
        f"{number} layers {kind.replace('_', ' ')}"
        for kind, number in ingest.intake.regularity.counts.items()
        if number
    ]
    parts += [f"{number} ignored ({reason})" for reason, number in sorted(ingest.intake.folder.oddities.counts.items())]
    return ", ".join(parts)


app.command()(requeue)
app.add_typer(quarantine, name="quarantine")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ingest and return its exit status."""
    return run_app(app, argv)


if __name__ == "__main__":
    sys.exit(main())
