"""The command `report`."""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from layerwatch.atomic import whole_file
from layerwatch.cli import until_the_reader_leaves
from layerwatch.errors import ArtifactsAwayError, SettingsError
from layerwatch.logs import configure_logging
from layerwatch.settings import load_settings
from monitoring.settings import MonitoringSettings

if TYPE_CHECKING:
    from monitoring.report.gathering import Gathered

EXAMPLES = """
**Examples**

    # one document with figures and pictures, which needs nothing else
    python -m monitoring report job42 --out job42.html

    # a row for each layer and stage
    python -m monitoring report job42 --format csv --out job42.csv

    # for programs: docs/schema/report.schema.json
    python -m monitoring report job42 --format json | jq .data_sha256

    # where several printers have a build of that name
    python -m monitoring report job42 --printer m290 --out m290-job42.html

It reads the history at MONITORING_DATABASE_URL, and overlays from ARTIFACTS_DIR.
"""


class Format(StrEnum):
    HTML = "html"  # to read, print and file
    CSV = "csv"  # for a table
    JSON = "json"  # for programs


def report(
    build: Annotated[str, typer.Argument(help="Name of the build.", show_default=False)],
    kind: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.HTML,
    printer: Annotated[
        str | None, typer.Option(help="Its printer, where several have such a build.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; without it, the output.", show_default=False)] = None,
) -> None:
    """Write a report on a build."""
    from monitoring.history.reading import written_history  # noqa: PLC0415 - follow should start without SQLAlchemy
    from monitoring.report.choosing import choose  # noqa: PLC0415
    from monitoring.report.gathering import gathered  # noqa: PLC0415
    from monitoring.report.queries import ReportQueries  # noqa: PLC0415

    if out is None and kind is Format.HTML and sys.stdout.isatty():
        raise typer.BadParameter("name a file for the document, such as --out report.html")
    settings = load_settings(MonitoringSettings)
    configure_logging(settings.log_format)
    with written_history(settings.database_url) as engine:
        name = choose(ReportQueries(engine), build, printer)
        with gathered(engine, name, now=datetime.now(UTC)) as found:
            _write(_parts(found, kind, settings), out)
            layers = sum(found.head.decisions.values())
            typer.echo(f"{name}: {layers:,} layers, data sha256 {found.head.data_sha256}", err=True)


def add_commands(app: typer.Typer) -> None:
    app.command(epilog=EXAMPLES)(report)


def _parts(report: "Gathered", kind: Format, settings: MonitoringSettings) -> Iterator[bytes]:
    from layerwatch.artifacts import open_artifacts  # noqa: PLC0415
    from monitoring.report.formats import csv_parts, json_parts  # noqa: PLC0415

    if kind is Format.CSV:
        return csv_parts(report)
    if kind is Format.JSON:
        return json_parts(report)
    from monitoring.report.document import html_parts  # noqa: PLC0415 - Jinja and OpenCV

    try:
        return html_parts(report, open_artifacts(settings.artifacts_dir))
    except ArtifactsAwayError:
        raise
    except OSError as error:
        raise ArtifactsAwayError(f"cannot read {settings.artifacts_dir}: {error.strerror}") from error


def _write(parts: Iterable[bytes], out: Path | None) -> None:
    """Write to a file, which is there whole or not at all, or to the output.

    Raises:
        SettingsError: there can be no such file.
    """
    if out is None:
        until_the_reader_leaves(lambda: sys.stdout.buffer.writelines(parts))
        return
    try:
        with whole_file(out) as file:
            file.writelines(parts)
    except OSError as error:
        raise SettingsError(f"cannot write {out}: {error.strerror}") from error
