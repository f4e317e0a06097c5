"""Which database the history lies in, and how it is spoken to: SQLite in a file, or PostgreSQL."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from layerwatch.errors import LayerwatchError, SettingsError

EXPECTED = "expected sqlite:///FOLDER/history.sqlite3 or postgresql://USER:PASSWORD@HOST/DATABASE"
BUSY_SECONDS = 30.0
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60
WRITES = "layerwatch_writes"
# What is waited out: the server is away or no longer the one that writes, the disk is full.
AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)


class HistoryAwayError(LayerwatchError):
    """The history database does not answer, or cannot take more; try again when it does."""


def database_url(text: str) -> URL:
    """Return a URL with the driver that layerwatch comes with.

    Raises:
        ValueError: it is no URL of a database that the history can lie in; the message does not repeat it.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(EXPECTED) from None  # it may hold a password
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"} and url.database:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return url
    raise ValueError(EXPECTED)


def open_database(text: str) -> Engine:
    """Return an engine; a folder for SQLite is made, nothing else is asked of the database yet.

    Raises:
        SettingsError: the URL cannot be used, the folder not be made, or the driver is not installed.
    """
    try:
        url = database_url(text)
    except ValueError as error:
        raise SettingsError(f"MONITORING_DATABASE_URL: {error}") from None
    if url.drivername == "sqlite":
        return _open_sqlite(url)
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_SECONDS}s",
            },
        )
    except ImportError as error:
        raise SettingsError(
            "MONITORING_DATABASE_URL: PostgreSQL needs a library: pip install -e '.[postgres]'"
        ) from error


def _open_sqlite(url: URL) -> Engine:
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"MONITORING_DATABASE_URL: cannot make {folder}: {error.strerror}") from error
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    del record
    connection.isolation_level = None  # transactions are begun by us, also around what changes tables
    _write_ahead(connection)
    # A power cut may take the last transactions, and the place in the stream with them: they are read again.
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer not wait for each other; all but one that open a new file are refused at once."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that writes; on SQLite it waits for other writers now and not later."""
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        yield connection


def one_at_a_time(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds this name, and hold it to the end of this one.

    On SQLite, where only one writes at a time, `writing` has done so already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


@contextmanager
def reach_history(text: str) -> Iterator[Engine]:
    """Yield an engine for a command that somebody waits for.

    Raises:
        SettingsError: as `open_database`.
        HistoryAwayError: the database does not answer while the block runs.
    """
    engine = open_database(text)
    try:
        yield engine
    except AWAY as error:
        raise HistoryAwayError(f"the history database does not answer: {in_words(error)}") from error
    finally:
        engine.dispose()


def in_words(error: Exception) -> str:
    """Return what a database said, in one line and without the statement, whose values are nobody's business."""
    cause: Any = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(cause).split()) or type(cause).__name__
