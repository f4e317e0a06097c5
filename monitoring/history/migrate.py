"""Brings a database to the tables of this version; what a newer version wrote is left alone."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from layerwatch.errors import SettingsError
from monitoring.history.database import writing

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x6C77  # any number, the same in every process

log = structlog.get_logger(__name__)


def migrate(engine: Engine) -> str | None:
    """Bring the database to the newest revision, in one transaction; return it if anything changed.

    Raises:
        SettingsError: the database is newer than this layerwatch.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":  # SQLite lets only one write as it is
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        config = _config(connection)
        newest = ScriptDirectory.from_config(config).get_current_head()
        current = _current(connection, config)
        if current == newest:
            return None
        command.upgrade(config, "head")
        log.info("history_migrated", before=current, now=newest)
        return newest


def check_current(engine: Engine) -> None:
    """Make sure that the tables are those of this version; for who only reads.

    Raises:
        SettingsError: they are not.
    """
    with engine.connect() as connection:
        config = _config(connection)
        current = _current(connection, config)
        if current != ScriptDirectory.from_config(config).get_current_head():
            raise SettingsError(
                "the history database has no tables yet, or those of an older layerwatch; "
                "start `python -m monitoring record`, or run `python -m monitoring migrate`"
            )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection, config: Config) -> str | None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise SettingsError(
            f"the history database is at revision {current}, which this layerwatch does not know: it was written by a "
            "newer one. Update layerwatch, or name another database by MONITORING_DATABASE_URL"
        )
    return current
