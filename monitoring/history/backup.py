"""A copy of the history that is whole, made while it is written to."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from layerwatch.errors import SettingsError
from monitoring.history.database import database_url

PAGES_AT_ONCE = 2_000  # of a database page's 4 kB: in between, others write


def back_up(text: str, target: Path, *, tell: Callable[[int, int], None]) -> None:
    """Copy the SQLite database that a URL names into a file, in place of what was there only when it is whole.

    Args:
        text: MONITORING_DATABASE_URL.
        target: the copy.
        tell: is called with how many pages remain, and of how many.

    Raises:
        SettingsError: it is not SQLite, there is none, or the copy cannot be written.
    """
    try:
        url = database_url(text)
    except ValueError as error:
        raise SettingsError(f"MONITORING_DATABASE_URL: {error}") from None
    if url.drivername != "sqlite":
        raise SettingsError("this copies a SQLite history; copy a PostgreSQL one by `pg_dump --format=custom`")
    source = Path(str(url.database))
    if not source.is_file():
        raise SettingsError(f"there is no history at {source}: is MONITORING_DATABASE_URL right?")
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        _copy(source, part, tell)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"cannot copy {source} to {target}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _copy(source: Path, part: Path, tell: Callable[[int, int], None]) -> None:
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(part)) as copy,
    ):
        original.backup(copy, pages=PAGES_AT_ONCE, progress=lambda _, remaining, total: tell(remaining, total))
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        (said,) = copy.execute("PRAGMA quick_check").fetchone()
    if said != "ok":
        raise sqlite3.DatabaseError(said)
