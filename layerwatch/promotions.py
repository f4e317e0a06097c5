"""Who put which version of a model in service, when and why: JSON lines that are only ever added to."""

import getpass
import os
import socket
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

LOG: Final = "promotions.jsonl"


class Action(StrEnum):
    PROMOTE = "promote"  # in service from now on
    ROLLBACK = "rollback"  # in service again
    REFUSE = "refuse"  # it failed a check, nothing changed


class Check(BaseModel):
    """One question before a version goes into service; `said` is the answer in words, with its figures."""

    model_config = ConfigDict(frozen=True)

    name: str
    passed: bool
    said: str


def who() -> str:
    """Return the user and the machine, as user@machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


class Promotion(BaseModel):
    """One line of the log.

    Attributes:
        before: the version that was in service until then, None for none.
        checks: what was asked of the version, empty where it was put in service unasked.
    """

    model_config = ConfigDict(frozen=True)

    when: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    who: str = Field(default_factory=who)
    action: Action
    version: str
    before: str | None
    checks: tuple[Check, ...] = ()


def append(folder: Path, promotion: Promotion) -> None:
    """Add one line to the log of a model and flush it to the disk."""
    path = folder / LOG
    torn = path.is_file() and not path.read_bytes().endswith(b"\n")
    with path.open("ab") as log:
        log.write((b"\n" if torn else b"") + promotion.model_dump_json().encode() + b"\n")
        log.flush()
        os.fsync(log.fileno())


def read(folder: Path) -> tuple[Promotion, ...]:
    """Return the log of a model, oldest first, without the line that a crash left torn."""
    path = folder / LOG
    lines = path.read_bytes().splitlines() if path.is_file() else []
    return tuple(promotion for promotion in map(_parsed, lines) if promotion is not None)


def _parsed(line: bytes) -> Promotion | None:
    try:
        return Promotion.model_validate_json(line)
    except ValidationError:
        return None
