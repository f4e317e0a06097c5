"""The commands of the history: `record`, `rebuild`, `migrate`, `backup`."""

from pathlib import Path
from typing import Annotated

import typer

from layerwatch.logs import configure_logging
from layerwatch.settings import load_settings
from monitoring.settings import MonitoringSettings

RECORD_EXAMPLES = """
**Examples**

    # into history/history.sqlite3
    python -m monitoring record

    # into PostgreSQL: pip install -e '.[postgres]'
    MONITORING_DATABASE_URL=postgresql://layerwatch:PASSWORD@db/layerwatch python -m monitoring record

It goes on where it was, reads what the stream no longer holds from ARTIFACTS_DIR, and answers /metrics and /health on
port MONITORING_RECORD_METRICS_PORT (9103).
"""

REBUILD_EXAMPLES = """
**Examples**

    # everything that lies in ARTIFACTS_DIR
    python -m monitoring rebuild

    # one build
    python -m monitoring rebuild --printer m290 --build job42

Verdicts that the history knows stay as they are, so that it may run beside a recorder and any number of times.
"""


BACKUP_EXAMPLES = """
**Examples**

    # beside the recorder, which goes on meanwhile
    python -m monitoring backup /mnt/backup/history.sqlite3

To put it back, stop recorder and page, copy it to where MONITORING_DATABASE_URL says, and start them again. What was
recorded since then is read again from the stream and from ARTIFACTS_DIR; corrections and notes are in the copy alone.
"""


def record() -> None:
    """Write every verdict into the history database, once, and tell what layers say together, until told to stop."""
    from monitoring.history.service import record as serve  # noqa: PLC0415 - follow should start without SQLAlchemy
    from monitoring.over_layers.settings import RiskSettings  # noqa: PLC0415 - as above

    settings, limits = load_settings(MonitoringSettings), load_settings(RiskSettings)
    configure_logging(settings.log_format)
    serve(settings, limits)


def rebuild(
    printer: Annotated[str | None, typer.Option(help="Only builds of this printer.", show_default=False)] = None,
    build: Annotated[str | None, typer.Option(help="Only builds of this name.", show_default=False)] = None,
) -> None:
    """Write the history from the artifacts alone; exit 1 if a file there cannot be read."""
    from monitoring.history.console import rebuild_with_progress  # noqa: PLC0415 - as above

    settings = load_settings(MonitoringSettings)
    configure_logging(settings.log_format)
    done = rebuild_with_progress(settings, printer=printer, build=build)
    typer.echo(str(done))
    raise typer.Exit(1 if done.unreadable else 0)


def migrate() -> None:
    """Bring the history database to the tables of this version; `record` does it by itself."""
    from monitoring.history.database import reach_history  # noqa: PLC0415 - as above
    from monitoring.history.migrate import migrate as bring  # noqa: PLC0415

    settings = load_settings(MonitoringSettings)
    configure_logging(settings.log_format)
    with reach_history(settings.database_url) as engine:
        changed = bring(engine)
    typer.echo(f"migrated to revision {changed}" if changed else "the history has the tables of this version already")


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The copy; one that is there is replaced when it is whole.")
    ],
) -> None:
    """Copy the history into a file, while it is written to."""
    from monitoring.history.backup import back_up  # noqa: PLC0415 - as above
    from monitoring.history.console import copying  # noqa: PLC0415

    settings = load_settings(MonitoringSettings)
    with copying() as tell:
        back_up(settings.database_url, file, tell=tell)
    typer.echo(f"{file}: {file.stat().st_size / 1e6:,.1f} MB")


def add_commands(app: typer.Typer) -> None:
    app.command(epilog=RECORD_EXAMPLES)(record)
    app.command(epilog=REBUILD_EXAMPLES)(rebuild)
    app.command()(migrate)
    app.command(epilog=BACKUP_EXAMPLES)(backup)
