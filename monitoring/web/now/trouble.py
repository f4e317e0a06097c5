"""One thing that is silent, down or late, in words that say what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Gravity(StrEnum):
    DOWN = "down"  # layers are printed that nobody judges
    WARNING = "warning"  # something is late or lost; see to it today
    NOTE = "note"  # good to know


class Kind(StrEnum):
    REDIS = "redis"
    WORKERS = "workers"
    ARTIFACTS = "artifacts"
    INGEST = "ingest"
    FOLDER = "folder"
    STUCK = "stuck"
    SILENT = "silent"
    LIGHT = "light"
    MISSING = "missing"
    BACKLOG = "backlog"
    GIVEN_UP = "given-up"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong.

    Attributes:
        printer: whom it is about, None for all.
        sentence: what is wrong.
        what_now: what to do.
    """

    kind: Kind
    gravity: Gravity
    sentence: str
    what_now: str
    printer: str | None = None

    @property
    def key(self) -> str:
        """The name under which it is the same trouble, whatever its sentence counts."""
        return self.kind.value if self.printer is None else f"{self.kind.value}-{self.printer}"


def length(seconds: float) -> str:
    """Return a length of time in one unit, so coarse that it can be said aloud."""
    if seconds < 120:
        return f"{max(10, seconds // 10 * 10):.0f} seconds"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
