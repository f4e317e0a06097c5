"""What the roles need of the outside; Redis adapters and in-memory twins implement it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from layerwatch.events import Event
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerKey
from layerwatch.source_state import SourceState
from layerwatch.verdict import Verdict

BACKLOG_SHARE: Final = 0.75  # of the room for pictures; the rest is for layers that are being printed


class LayerQueue(Protocol):
    def enqueue(self, message: InspectLayer, *, ahead: bool = False) -> bool:
        """Queue an inspection, `ahead` of the backlog if asked; False if the same one is queued already."""
        ...

    def holds(self, inspection_id: str) -> bool:
        """Return whether the queue has a job for this inspection: waiting, running, or given up on."""
        ...

    def depth(self) -> int:
        """Return how many inspections wait."""
        ...

    def ends_in_backlog(self) -> bool:
        """Return whether the last one that waits is part of a backlog, so that a live layer is to go ahead."""
        ...


class JobState(StrEnum):
    QUEUED = "queued"  # it waits for a worker
    RUNNING = "running"  # a worker has it
    FAILED = "failed"  # it was given up on


class JobStates(Protocol):
    """How far inspections are, for who waits for one."""

    def state(self, inspection_id: str) -> JobState | None:
        """Return how far the job for this inspection is, None where the queue has none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """An inspection whose attempts were used up.

    Attributes:
        id: of the inspection.
        message: what asked for it, None if that cannot be read.
        reason: what the last attempt ended with.
        at: when it was given up.
    """

    id: str
    message: InspectLayer | None
    reason: str
    at: datetime | None

    @property
    def layer(self) -> str | None:
        """The layer, told by the id where the message cannot be read; None if that names none."""
        try:
            return str(self.message.layer_set.key if self.message else LayerKey.parse(self.id))
        except ValueError:
            return None


class Quarantine(Protocol):
    """The inspections that were given up on: each has its invalid verdict, and may be asked for again."""

    def given_up(self) -> tuple[GivenUp, ...]:
        """Return them, oldest first."""
        ...

    def count_given_up(self) -> int:
        """Return how many there are, without reading them."""
        ...

    def forget(self, inspection_id: str) -> bool:
        """Take one out; False if it is not among them."""
        ...


class Ledger(Protocol):
    def revision(self, key: LayerKey, inspection_id: str) -> int:
        """Return which revision of the layer this inspection is, from 1; the same id keeps its number."""
        ...

    def is_published(self, inspection_id: str) -> bool:
        """Return whether this inspection has its verdict."""
        ...

    def restore(self, verdict: Verdict) -> None:
        """Enter a verdict that is known from its artifacts, without publishing it again."""
        ...


class ResultChannel(Protocol):
    def publish(self, verdict: Verdict) -> bool:
        """Publish once per inspection id: ledger, stream and channel in one step; False if it was there already."""
        ...

    def published(self, inspection_id: str) -> Verdict | None:
        """Return an inspection's verdict as it was published, None where there is none or it is kept no longer."""
        ...

    def since(self, cursor: str, *, wait_seconds: float) -> Iterator[tuple[str, Verdict]]:
        """Yield (cursor, verdict) after a cursor ("0" from the start), in order; ends when nothing came for so long.

        Raises:
            VerdictsMissedError: not all that was published after the cursor is still there.
        """
        ...

    def latest_cursor(self) -> str:
        """Return the cursor behind the last verdict: `since` it gives only new ones."""
        ...


class EventChannel(Protocol):
    def publish(self, event: Event) -> bool:
        """Tell an event and enter it, in one step; False if it was told before, and then nothing is told."""
        ...

    def since(self, cursor: str, *, wait_seconds: float) -> Iterator[tuple[str, Event]]:
        """Yield (cursor, event) after a cursor ("0" from the start), in order; ends when nothing came for so long."""
        ...

    def latest_cursor(self) -> str:
        """Return the cursor behind the last event: `since` it gives only new ones."""
        ...


class SourceBoard(Protocol):
    def report(self, state: SourceState) -> None:
        """Say how a source is doing, in place of what was said of it before."""
        ...

    def states(self) -> tuple[SourceState, ...]:
        """Return what was said last of each source, in the order of their printers."""
        ...


class PictureStore(Protocol):
    """Pictures on their way to workers that do not see the printers' folder.

    Each content lies there once, only so many bytes in all, and none for ever. It stays as long as one of the
    inspections that it was reserved for is neither finished nor too old.
    """

    def reserve(self, inspection_id: str, sizes: Mapping[str, int], *, live: bool) -> bool:
        """Make room for the pictures of an inspection, all or none, for the whole time from now.

        Args:
            inspection_id: who waits for them; the same one again takes no more room.
            sizes: bytes of each picture, by its sha256.
            live: the layer is being printed; a backlog leaves it some of the room.

        Returns: False while there is no room. Where nothing else lies there, there is room for anything.
        """
        ...

    def put(self, sha256: str, content: bytes) -> None:
        """Keep a picture that room was made for."""
        ...

    def get(self, sha256: str) -> bytes | None:
        """Return a picture, None if it is not there; whether it is the right one, the caller checks."""
        ...

    def keep(self, inspection_id: str) -> bool:
        """Let the pictures of an inspection live on for the whole time from now; False if one is not there."""
        ...

    def discard(self, inspection_id: str) -> None:
        """Enter that an inspection is finished: pictures that no other one waits for go."""
        ...

    def held_bytes(self) -> int:
        """Return how many bytes are reserved."""
        ...
