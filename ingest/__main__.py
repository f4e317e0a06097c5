"""The command line of ingest: `python -m ingest run` and `python -m ingest check`."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.feed import Sink
from ingest.metrics import QUEUED, Outcome
from ingest.service import Ingest
from ingest.settings import IngestSettings, Printer, printer_of, refuse_own_output
from ingest.understanding import Understanding, understand
from layerwatch.cli import run_app
from layerwatch.health import serve_health
from layerwatch.logs import configure_logging
from layerwatch.redis_connection import answers, connect
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
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
    once: Annotated[bool, typer.Option("--once", help="Queue what lies there, print a summary and end.")] = False,
) -> None:
    """Queue every layer set: those that lie in the folder already, and those that come.

    The worker must see the same folder under the same SOURCES_DIR. Stop with Ctrl-C or SIGTERM; what was not
    queued yet is found again at the next start, and nothing is queued twice.
    """
    overrides = {"sources_dir": source, "profile": profile, "printer": printer, "build": build, "mm_per_px": mm_per_px}
    settings = load_settings(IngestSettings, **overrides)
    configure_logging(settings.log_format)
    watched = printer_of(settings)
    refuse_own_output(settings)
    client, probe = connect(settings.redis_url, retries=1), connect(settings.redis_url, retries=0)
    sink = Sink(
        queue=RedisQueue(client),
        ledger=RedisResults(client),
        artifacts_dir=settings.artifacts_dir,
    )
    ingest = Ingest(watched, sink, rescan_seconds=settings.rescan_seconds)
    checks = {
        "redis": lambda: answers(probe),
        "source": lambda: ingest.intake.folder.is_up and watched.root.is_dir(),
        "loop": ingest.is_alive,
    }
    with (
        serve_health(settings.metrics_port, checks=checks, host=settings.metrics_host) as port,
        _stopped_by_signals(ingest),
    ):
        log.info(
            "watching", folder=str(watched.root), profile=watched.profile.name, printer=watched.name, health_port=port
        )
        ingest.run(once=once)
    log.info("stopped", files=ingest.intake.files)
    if once:
        typer.echo(_summary(ingest))


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder with pictures of the printer.")],
    profile: ProfileOption = None,
    build: BuildOption = None,
) -> None:
    """Show how each file in a folder would be understood, and which do not match; exit 1 if none does."""
    settings = load_settings(IngestSettings, sources_dir=folder, profile=profile, build=build)
    printer = printer_of(settings)
    understanding = understand(printer)
    _show(understanding, printer)
    raise typer.Exit(code=0 if understanding.files else 1)


@contextmanager
def _stopped_by_signals(ingest: Ingest) -> Iterator[None]:
    """Let SIGTERM and the first Ctrl-C end the loop after what it has in hand; a second Ctrl-C ends it at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        ingest.stop()
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
    parts += [f"{number} ignored ({reason})" for reason, number in sorted(ingest.intake.folder.oddities.counts.items())]
    return ", ".join(parts)


def _show(understanding: Understanding, printer: Printer) -> None:
    console = Console(soft_wrap=False, width=None if sys.stdout.isatty() else 160)
    table = Table("file", "build", "layer", "stage", "light", box=None, pad_edge=False)
    for file in understanding.files:
        table.add_row(Text(_shown(file.path)), file.key.build, str(file.key.layer), file.key.stage, file.light or "-")
    if understanding.files:
        console.print(table)
    for oddity, path in understanding.left_alone:
        console.print(f"left alone ({oddity}): {_shown(path)}", markup=False, highlight=False)
    for key, lights in understanding.incomplete:
        console.print(f"layer {key} lacks light {', '.join(lights)}", markup=False, highlight=False)
    for key, light in understanding.doubled:
        console.print(f"layer {key} has more than one file for light {light or '-'}", markup=False, highlight=False)
    sets, alone = understanding.layers, len(understanding.left_alone)
    text = (
        f"{len(understanding.files)} files make {sets} layer sets under {printer.profile.name}; {alone} are left alone"
    )
    console.print(text, markup=False, highlight=False)
    if not understanding.files:
        console.print(f"No name fits the pattern {printer.profile.pattern}", markup=False, highlight=False)
        console.print(
            "Try another --profile, or copy a shipped one to my.toml and change its pattern.", highlight=False
        )


def _shown(path: str) -> str:
    """Return a path for people: what no terminal can print is spelled out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ingest and return its exit status."""
    return run_app(app, argv)


if __name__ == "__main__":
    sys.exit(main())
