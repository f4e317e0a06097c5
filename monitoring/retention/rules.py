"""Which layers lose their overlay and mask: the oldest first, and none that somebody may ask for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from layerwatch.artifacts import StoredFile
from layerwatch.layer_files import MASK, OVERLAY
from monitoring.retention.queries import KnownLayer

GB = 1_000_000_000
REMOVABLE = frozenset({OVERLAY, MASK})
IN_PROGRESS = timedelta(days=1)  # a build whose last verdict is younger may go on; a file that is younger may be new


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long overlays and masks are kept, and how many bytes of each printer; None keeps all."""

    age: timedelta | None = None
    size: int | None = None

    @classmethod
    def of(cls, *, days: int | None, gb: float | None) -> "Limits":
        return cls(age=None if days is None else timedelta(days=days), size=None if gb is None else round(gb * GB))


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLayer:
    """A layer that may lose its files."""

    known: KnownLayer
    files: tuple[StoredFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


class Choice:
    """Decides for one printer, whose layers are asked about from the oldest to the newest.

    Attributes:
        excess: bytes that are too many still; zero or less where there are none.
    """

    def __init__(self, limits: Limits, *, now: datetime, stored: int) -> None:
        self._oldest = None if limits.age is None else now - limits.age
        self.excess = 0 if limits.size is None else stored - limits.size

    def wants(self, published: datetime) -> bool:
        """Return whether a layer of this age is to be removed."""
        return self.excess > 0 or (self._oldest is not None and published < self._oldest)

    def victims(self, layers: Iterable[OldLayer], remove: Callable[[OldLayer], bool]) -> Iterator[OldLayer]:
        """Remove what is to be, and yield it; `remove` returns False where it left a layer as it is."""
        for layer in layers:
            if self.wants(layer.known.published) and remove(layer):
                self.excess -= layer.size
                yield layer
