"""In-memory twins of the Redis adapters, for tests and for work by hand."""

import time
from collections.abc import Iterator, Mapping

from layerwatch.events import Event
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerKey
from layerwatch.ports import BACKLOG_SHARE, GivenUp, JobState
from layerwatch.source_state import SourceState
from layerwatch.verdict import Verdict


class InMemoryQueue:
    """A LayerQueue and JobStates that keep messages in a list, and a Quarantine that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[InspectLayer] = []
        self.failed: dict[str, GivenUp] = {}

    def enqueue(self, message: InspectLayer, *, ahead: bool = False) -> bool:
        if self.holds(message.id):
            return False
        self.messages.insert(0 if ahead else len(self.messages), message)
        return True

    def holds(self, inspection_id: str) -> bool:
        return inspection_id in self.failed or any(waiting.id == inspection_id for waiting in self.messages)

    def state(self, inspection_id: str) -> JobState | None:
        if inspection_id in self.failed:
            return JobState.FAILED
        return JobState.QUEUED if self.holds(inspection_id) else None

    def depth(self) -> int:
        return len(self.messages)

    def given_up(self) -> tuple[GivenUp, ...]:
        return tuple(self.failed.values())

    def count_given_up(self) -> int:
        return len(self.failed)

    def forget(self, inspection_id: str) -> bool:
        return self.failed.pop(inspection_id, None) is not None

    def ends_in_backlog(self) -> bool:
        return bool(self.messages) and not self.messages[-1].live


class InMemoryResults:
    """A Ledger and ResultChannel in one, as in Redis: publishing enters the ledger."""

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self._published: set[str] = set()
        self._revisions: dict[str, dict[str, int]] = {}

    def revision(self, key: LayerKey, inspection_id: str) -> int:
        revisions = self._revisions.setdefault(str(key), {})
        return revisions.setdefault(inspection_id, max(revisions.values(), default=0) + 1)

    def is_published(self, inspection_id: str) -> bool:
        return inspection_id in self._published

    def restore(self, verdict: Verdict) -> None:
        self._published.add(verdict.id)
        self._revisions.setdefault(str(verdict.key), {}).setdefault(verdict.id, verdict.revision)

    def publish(self, verdict: Verdict) -> bool:
        if verdict.id in self._published:
            return False
        self._published.add(verdict.id)
        self.verdicts.append(verdict)
        return True

    def published(self, inspection_id: str) -> Verdict | None:
        return next((verdict for verdict in self.verdicts if verdict.id == inspection_id), None)

    def since(self, cursor: str, *, wait_seconds: float) -> Iterator[tuple[str, Verdict]]:
        del wait_seconds  # nobody else can add while we wait
        for number, verdict in enumerate(self.verdicts[int(cursor) :], start=int(cursor) + 1):
            yield str(number), verdict

    def latest_cursor(self) -> str:
        return str(len(self.verdicts))


class InMemoryEvents:
    """An EventChannel that keeps its events in a dictionary."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}

    def publish(self, event: Event) -> bool:
        if event.id in self.events:
            return False
        self.events[event.id] = event
        return True

    def since(self, cursor: str, *, wait_seconds: float) -> Iterator[tuple[str, Event]]:
        del wait_seconds  # nobody else can add while we wait
        for number, event in enumerate([*self.events.values()][int(cursor) :], start=int(cursor) + 1):
            yield str(number), event

    def latest_cursor(self) -> str:
        return str(len(self.events))


class InMemorySources:
    """A SourceBoard."""

    def __init__(self) -> None:
        self._states: dict[str, SourceState] = {}

    def report(self, state: SourceState) -> None:
        self._states[state.printer] = state

    def states(self) -> tuple[SourceState, ...]:
        return tuple(self._states[printer] for printer in sorted(self._states))


class InMemoryPictures:
    """A PictureStore."""

    def __init__(self, *, limit_bytes: int = 1 << 30, ttl_seconds: float = 3600.0) -> None:
        self._limit = limit_bytes
        self._ttl = ttl_seconds
        self._sizes: dict[str, dict[str, int]] = {}  # by inspection, by sha256
        self._until: dict[str, float] = {}
        self._contents: dict[str, bytes] = {}

    def reserve(self, inspection_id: str, sizes: Mapping[str, int], *, live: bool) -> bool:
        self._expire()
        if inspection_id not in self._sizes:
            more = sum(size for sha256, size in sizes.items() if sha256 not in self._reserved())
            held, limit = self.held_bytes(), self._limit if live else self._limit * BACKLOG_SHARE
            if held and more and held + more > limit:
                return False
            self._sizes[inspection_id] = dict(sizes)
        self._until[inspection_id] = time.monotonic() + self._ttl
        return True

    def put(self, sha256: str, content: bytes) -> None:
        self._contents[sha256] = content

    def get(self, sha256: str) -> bytes | None:
        self._expire()
        return self._contents.get(sha256)

    def keep(self, inspection_id: str) -> bool:
        self._expire()
        if inspection_id not in self._sizes:
            return False
        self._until[inspection_id] = time.monotonic() + self._ttl
        return all(sha256 in self._contents for sha256 in self._sizes[inspection_id])

    def discard(self, inspection_id: str) -> None:
        self._until.pop(inspection_id, None)
        for sha256 in self._sizes.pop(inspection_id, {}):
            if sha256 not in self._reserved():
                self._contents.pop(sha256, None)

    def held_bytes(self) -> int:
        return sum(self._reserved().values())

    def _reserved(self) -> dict[str, int]:
        return {sha256: size for sizes in self._sizes.values() for sha256, size in sizes.items()}

    def _expire(self) -> None:
        now = time.monotonic()
        for inspection_id in [each for each, until in self._until.items() if until <= now]:
            self.discard(inspection_id)
