"""The command `corrections`."""

from pathlib import Path
from typing import Annotated

import typer

from layerwatch.logs import configure_logging
from layerwatch.settings import load_settings
from monitoring.settings import MonitoringSettings

EXAMPLES = """
**Examples**

    # all that people drew, as LabelMe files, for `python -m trainer train --corrections drawn`
    python -m monitoring corrections drawn

    # one build
    python -m monitoring corrections drawn --printer m290 --build job42

The page keeps CORRECTIONS_DIR the same way by itself. Files of corrections that were taken back are removed from OUT;
whatever else lies there is left alone.
"""


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder; its files lie as the pictures in SOURCES_DIR.")],
    *,
    printer: Annotated[str | None, typer.Option(help="Only what was drawn over layers of this printer.")] = None,
    build: Annotated[str | None, typer.Option(help="Only what was drawn over layers of builds of this name.")] = None,
) -> None:
    """Write what people drew over verdicts as files for the trainer; exit 1 if one cannot be written."""
    from monitoring.corrections.desk import CorrectionDesk  # noqa: PLC0415 - the help needs none of it
    from monitoring.corrections.folder import CorrectionFolder  # noqa: PLC0415
    from monitoring.corrections.pictures import PicturesThere  # noqa: PLC0415
    from monitoring.history.reading import written_history  # noqa: PLC0415

    settings = load_settings(MonitoringSettings)
    configure_logging(settings.log_format)
    with written_history(settings.database_url) as engine:
        desk = CorrectionDesk(engine, CorrectionFolder(out), PicturesThere(settings.sources_dir))
        done = desk.reconcile(printer=printer, build=build)
    failed = f", {done.failed} not written" if done.failed else ""
    typer.echo(f"{done.layers} layers with corrections, {done.changed} files changed{failed}: {out}")
    raise typer.Exit(1 if done.failed else 0)


def add_commands(app: typer.Typer) -> None:
    app.command("corrections", epilog=EXAMPLES)(export)
