"""The audit log: one JSON line for each thing that somebody did or tried; lines are only ever added."""

import os
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from threading import Lock

from pydantic import ValidationError

from layerwatch.errors import LayerwatchError
from layerwatch.wire import Part
from monitoring.web.access.roles import Role

FILE_BYTES = 10_000_000
FILES_KEPT = 10  # beside the one that is written
ONLY_OWNER = 0o600


class Outcome(StrEnum):
    ALLOWED = "allowed"  # what became of it stands where it was done
    REFUSED = "refused"


class AuditEntry(Part):
    """Who did what.

    Attributes:
        user, role: None where nobody had logged in.
        address: where it came from.
        action: such as `log in` or `correct`.
        subject: what it was done to, such as the id of an inspection.
    """

    time: datetime
    user: str | None
    role: Role | None
    address: str
    action: str
    subject: str
    outcome: Outcome


class AuditAwayError(LayerwatchError):
    """The audit log cannot be written, so that nothing is changed."""


class AuditLog:
    """Adds lines to a file; a full one is put aside as FILE.1, FILE.2 and so on. May be shared by threads."""

    def __init__(self, path: Path, *, file_bytes: int = FILE_BYTES, kept: int = FILES_KEPT) -> None:
        self._path = path
        self._file_bytes = file_bytes
        self._kept = kept
        self._lock = Lock()

    def add(self, entry: AuditEntry) -> None:
        """Write an entry; when this returns it is in the file.

        Raises:
            AuditAwayError: it could not be written.
        """
        line = entry.model_dump_json().encode() + b"\n"
        try:
            with self._lock:
                self._make_room(len(line))
                self._append(line)
        except OSError as error:
            raise AuditAwayError(
                f"the audit log cannot be written ({error.strerror}), so nothing was changed; "
                "see to MONITORING_AUDIT_FILE and try again"
            ) from error

    def latest(self, count: int) -> list[AuditEntry]:
        """Return the latest entries, newest first.

        Raises:
            AuditAwayError: the file cannot be read.
        """
        try:
            return list(islice(self._newest_first(), count))
        except OSError as error:
            raise AuditAwayError(f"the audit log cannot be read ({error.strerror})") from error

    def _append(self, line: bytes) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, ONLY_OWNER)
        with os.fdopen(handle, "wb") as file:
            file.write(line)

    def _make_room(self, more: int) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists() or self._path.stat().st_size + more <= self._file_bytes:
            return
        for number in range(self._kept, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path

    def _newest_first(self) -> Iterator[AuditEntry]:
        for number in range(self._kept + 1):
            file = self._numbered(number)
            lines = file.read_bytes().splitlines() if file.exists() else []
            yield from filter(None, map(_entry, reversed(lines)))


def _entry(line: bytes) -> AuditEntry | None:
    try:
        return AuditEntry.model_validate_json(line)
    except ValidationError:  # cut off when a disk was full
        return None
