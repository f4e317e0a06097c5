"""`python -m monitoring`: follow the verdicts, serve the page, keep the history, report on builds."""

import sys
from collections.abc import Sequence
from itertools import islice
from typing import Annotated

import typer

from layerwatch.cli import run_app, until_the_reader_leaves
from layerwatch.layers import Stage
from layerwatch.logs import configure_logging
from layerwatch.redis_connection import connect
from layerwatch.redis_events import RedisEvents
from layerwatch.results import START, subscribe
from layerwatch.settings import load_settings
from layerwatch.verdict import Decision
from monitoring.corrections.commands import add_commands as add_correction_commands
from monitoring.events import EventRows, tail_events
from monitoring.follow import Printer, ToldTrouble, Wanted
from monitoring.history.commands import add_commands as add_history_commands
from monitoring.report.commands import add_commands as add_report_commands
from monitoring.retention.commands import add_commands as add_retention_commands
from monitoring.settings import MonitoringSettings
from monitoring.table import TableConsole, VerdictTable
from monitoring.web.access.commands import add_commands as add_access_commands

app = typer.Typer(
    help="See what layerwatch decides: on the command line, as a page in the browser, in a database.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

FOLLOW_EXAMPLES = """
**Examples**

    # new verdicts, one row each
    python -m monitoring follow

    # all that the stream still holds, then new ones
    python -m monitoring follow --from-start

    # only what needs somebody
    python -m monitoring follow --decision reject --decision review

    # one build, after melting
    python -m monitoring follow --printer m290 --build job42 --stage melt

    # the exact JSON bodies, one a line
    python -m monitoring follow --json | jq -r .decision

    # ten verdicts behind a stream id
    python -m monitoring follow --since 1763769600000-0 --count 10

In a pipe the rows become JSON lines by themselves, of verdicts alone; a table also shows what is told about builds over
their layers, as `redis-cli SUBSCRIBE layerwatch:events` does in JSON. Where REDIS_URL points is where it reads; while
Redis is away it waits and then goes on where it was. Where the stream no longer has what came behind ID, it says so and
goes on.
"""

SERVE_EXAMPLES = """
**Examples**

    # http://127.0.0.1:8000, for this machine only
    python -m monitoring serve

    # a free port; the address is printed
    python -m monitoring serve --port 0

    # a printer counts as silent after two minutes
    MONITORING_STALE_SECONDS=120 python -m monitoring serve

    # for the hall: who has a token of `python -m monitoring token` (docs/access.md)
    MONITORING_ACCESS=token python -m monitoring serve --host 0.0.0.0

Overlays are read from ARTIFACTS_DIR, verdicts from REDIS_URL. `/metrics` is for Prometheus, `/health` for a
supervisor, `/api/verdicts` and `/api/events` are for programs.
"""


@app.command(epilog=FOLLOW_EXAMPLES)
def follow(  # noqa: PLR0913 - one argument an option
    *,
    from_start: Annotated[
        bool, typer.Option("--from-start", metavar="", help="Begin with the oldest verdict kept.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(metavar="ID", help="Begin behind this stream id, or time in milliseconds.")
    ] = None,
    decision: Annotated[
        list[Decision] | None,
        typer.Option(metavar="DECISION", help="Show only pass, review, reject or invalid; may be repeated."),
    ] = None,
    stage: Annotated[
        list[Stage] | None, typer.Option(metavar="STAGE", help="Show only recoat or melt; may be repeated.")
    ] = None,
    printer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Show only this printer; may be repeated.")
    ] = None,
    build: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Show only this build; may be repeated.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", metavar="", help="JSON lines, also on a terminal.")] = False,
    table: Annotated[bool, typer.Option("--table", metavar="", help="Rows, also in a pipe.")] = False,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after so many verdicts.")] = None,
) -> None:
    """Print verdicts as they are published."""
    if from_start and since:
        raise typer.BadParameter("choose one of --from-start and --since")
    if json and table:
        raise typer.BadParameter("choose one of --json and --table")
    settings = load_settings(MonitoringSettings)
    entries = subscribe(settings.redis_url, after=START if from_start else since, watch=ToldTrouble(_tell))
    in_lines = json or not (table or sys.stdout.isatty())
    console = TableConsole()
    wanted = Wanted(
        decisions=frozenset(decision or ()),
        stages=frozenset(stage or ()),
        printers=frozenset(printer or ()),
        builds=frozenset(build or ()),
    )
    shown = Printer(line=_write_line if in_lines else None, table=VerdictTable(console), wanted=wanted, tell=_tell)
    if not in_lines:
        events = RedisEvents(connect(settings.redis_url, retries=0))
        show = EventRows(console, wanted=wanted.takes_build_of).show
        tail_events(events, cursor=START if from_start else since, show=show)
    until_the_reader_leaves(lambda: all(True for _ in islice((e for e in entries if shown.show(e)), count)))


@app.command(epilog=SERVE_EXAMPLES)
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", show_default="8000")] = None,
) -> None:
    """Serve the page, its API, /metrics and /health."""
    from monitoring.web.server import run_server  # noqa: PLC0415 - follow should start without FastAPI

    settings = load_settings(MonitoringSettings, host=host, port=port)
    configure_logging(settings.log_format)
    run_server(settings, announce=lambda address: typer.echo(f"layerwatch page: {address}"))


add_history_commands(app)
add_report_commands(app)
add_retention_commands(app)
add_access_commands(app)
add_correction_commands(app)


def _write_line(body: bytes) -> None:
    sys.stdout.buffer.write(body + b"\n")
    sys.stdout.buffer.flush()


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    return run_app(app, argv)


if __name__ == "__main__":
    sys.exit(main())
