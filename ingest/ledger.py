"""What ingest read of each picture, kept on disk, so that a restart does not read a build of days once more.

It is a memory, never the truth: what it lost is read again from the folder, and a file that changed since is unknown to
it. So a crash between two writes, or a ledger that is deleted, costs time and nothing else.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import structlog

from ingest.examine import Examined
from ingest.settling import Stamp
from layerwatch.layers import Shape

VERSION: Final = 1  # of the table; another one is thrown away
LOCKED_SECONDS: Final = 1.0
TABLE: Final = """
create table pictures (
    path text primary key, size integer, mtime_ns integer, sha256 blob, width integer, height integer, bits integer
) without rowid
"""

log = structlog.get_logger()


class Ledger(Protocol):
    """What is known of pictures that were read before."""

    def recall(self, path: str, stamp: Stamp) -> Examined | None:
        """Return what a file held when it looked like that, None if it was never read so."""
        ...

    def note(self, path: str, examined: Examined) -> None:
        """Keep what a file holds."""
        ...

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files that are gone."""
        ...

    def save(self) -> None:
        """Make sure that a restart knows what was noted."""
        ...

    def close(self) -> None:
        """Save, and let go of the file."""
        ...


class NoLedger:
    """A Ledger that keeps nothing: every restart reads all pictures again."""

    def recall(self, path: str, stamp: Stamp) -> Examined | None:
        del path, stamp
        return None

    def note(self, path: str, examined: Examined) -> None:
        del path, examined

    def forget(self, paths: Iterable[str]) -> None:
        del paths

    def save(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class DiskLedger:
    """A Ledger in a SQLite file; one that cannot be used is given up with a warning, and ingest goes on without."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database: sqlite3.Connection | None = None
        self._dirty = False
        try:
            self._database = _opened(file)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def recall(self, path: str, stamp: Stamp) -> Examined | None:
        query = "select sha256, width, height, bits from pictures where path = ? and size = ? and mtime_ns = ?"
        rows = self._run(query, (path, stamp.size, stamp.mtime_ns))
        if not rows:
            return None
        sha256, *shape = rows[0]
        return Examined(stamp=stamp, sha256=sha256, whole=True, shape=Shape(*shape))

    def note(self, path: str, examined: Examined) -> None:
        if not examined.whole or examined.trouble or examined.shape is None:
            return  # whatever is wrong with it may be over after a restart
        shape = examined.shape
        values = (path, *examined.stamp, examined.sha256, shape.width, shape.height, shape.bits)
        self._run("insert or replace into pictures values (?, ?, ?, ?, ?, ?, ?)", values)
        self._dirty = True

    def forget(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._run("delete from pictures where path = ?", (path,))
            self._dirty = True

    def save(self) -> None:
        if self._dirty and self._database is not None:
            try:
                self._database.commit()
            except sqlite3.Error as error:
                self._give_up(error)
        self._dirty = False

    def close(self) -> None:
        self.save()
        if self._database is not None:
            self._database.close()
        self._database = None

    def _run(self, statement: str, values: tuple[object, ...]) -> list[tuple[bytes, int, int, int]]:
        if self._database is None:
            return []
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._give_up(error)
            return []

    def _give_up(self, error: Exception) -> None:
        log.warning("no_ledger", file=str(self._file), error=str(error), hint="a restart reads every picture again")
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None


def ledger_file(folder: Path, printer: str, root: Path) -> Path:
    """Return where the ledger of one watched folder lies: pictures of another folder are none of its."""
    return folder / f"{printer}-{hashlib.sha256(str(root).encode()).hexdigest()[:12]}.sqlite"


def _opened(file: Path) -> sqlite3.Connection:
    """Return the database, a new one in place of what is none of ours or damaged.

    Raises:
        sqlite3.Error: it cannot be written.
        OSError: its folder cannot be made.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connected(file)
    except sqlite3.OperationalError:
        raise  # locked, or no place to write: throwing it away would not help
    except sqlite3.DatabaseError as error:
        log.warning("ledger_damaged", file=str(file), error=str(error), instead="a new one")
        for part in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
            part.unlink(missing_ok=True)
        return _connected(file)


def _connected(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=LOCKED_SECONDS, check_same_thread=False)
    try:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        if database.execute("pragma user_version").fetchone()[0] != VERSION:
            database.execute("drop table if exists pictures")
            database.execute(TABLE)
            database.execute(f"pragma user_version = {VERSION}")
        database.execute("select * from pictures limit 1").fetchall()
    except sqlite3.Error:
        database.close()
        raise
    return database
