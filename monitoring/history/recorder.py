"""The recorder: reads the stream, writes each verdict once, and shows what is new to those that watch."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import structlog
from redis.exceptions import RedisError

from layerwatch.errors import VerdictsMissedError, WireError
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import START, Entry, position
from monitoring.history.catch_up import CatchUp
from monitoring.history.database import AWAY, in_words
from monitoring.history.metrics import RecorderMetrics
from monitoring.history.records import Published
from monitoring.history.source import Batch
from monitoring.history.store import HistoryStore, MovedOnError, Position

WAIT_SECONDS = 1.0  # for the next verdict; a signal to stop is heard then
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STUCK_SECONDS = 120.0

log = structlog.get_logger(__name__)


class Source(Protocol):
    def after(self, at: Position, *, wait_seconds: float) -> Batch:
        """Return what came behind a position.

        Raises:
            VerdictsMissedError: something in between is gone.
        """
        ...


class Observer(Protocol):
    def see(self, verdict: Verdict) -> None:
        """Take a verdict that was written; the same one may come again.

        Raises:
            RedisError, DBAPIError: it could not be dealt with now; it will be shown again.
        """
        ...


class Recorder:
    """One process that keeps the history.

    Args:
        store: where verdicts are written; its tables are there when `prepare` has returned.
        source: the stream.
        prepare: makes the tables ready; called again where the database was away.
        catch_up: reads the artifacts for what the stream no longer holds.
        recent: what observers are shown at the start, and after catching up: the last verdicts of builds in progress.
        observers: are shown each new verdict, in order, after it is written.
        each_turn: called again and again beside that; returns at once.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each part
        self,
        store: HistoryStore,
        source: Source,
        *,
        prepare: Callable[[], object],
        catch_up: CatchUp,
        metrics: RecorderMetrics,
        recent: Callable[[], Iterable[Verdict]] = tuple,
        observers: Sequence[Observer] = (),
        each_turn: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._source = source
        self._prepare = prepare
        self._catch_up = catch_up
        self._metrics = metrics
        self._recent = recent
        self._observers = observers
        self._each_turn = each_turn
        self._unseen = deque[Verdict]()
        self._is_prepared = False
        self._trouble, self._pause = "", 0.0
        self._last_turn = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Record until told to stop; whatever is away is waited out.

        Raises:
            SettingsError: the database is newer than this layerwatch.
        """
        while not stop.is_set():
            try:
                self._turn()
                self._recovered()
            except RedisError as error:
                self._wait(stop, "redis_away", type(error).__name__)
            except AWAY as error:
                self._metrics.up.set(0)
                self._wait(stop, "history_away", in_words(error))
            self._last_turn = time.monotonic()
        self._catch_up.stop()

    def is_alive(self) -> bool:
        """Return whether the loop still turns; for /health, from another thread."""
        return time.monotonic() - self._last_turn < STUCK_SECONDS

    def _turn(self) -> None:
        self._begin()
        self._each_turn()
        before, at = self._metrics.at, self._store.position()
        self._metrics.at = at
        self._metrics.up.set(1)
        if before is not None and at.cursor != before.cursor:  # written on by another, or by this one unknowingly
            self._show_again()
        self._fill_gap(at)
        self._show()
        try:
            batch = self._source.after(at, wait_seconds=WAIT_SECONDS)
        except VerdictsMissedError as error:
            log.warning("verdicts_missed", cursor=at.cursor, reason=str(error))
            # Behind a hole it goes on; a stream that was begun anew is read from its start. Nothing is written twice.
            goes_on = position(error.resume) > position(error.after)
            self._store.start_over(error.resume if goes_on else START)
            return
        self._write(at, batch)
        self._show()

    def _begin(self) -> None:
        if not self._is_prepared:
            self._prepare()
            self._show_again()
            self._is_prepared = True

    def _fill_gap(self, at: Position) -> None:
        if self._catch_up.has_finished():
            self._show_again()
        if at.has_gap:
            self._catch_up.start(at.gaps)
        self._metrics.catching_up.set(at.has_gap)

    def _write(self, at: Position, batch: Batch) -> None:
        if (batch.cursor, batch.count) == (at.cursor, at.entries):
            return
        found = [each for each in map(self._read, batch.entries) if each is not None]
        try:
            written = self._store.advance(found, behind=at.cursor, cursor=batch.cursor, entries=batch.count)
        except MovedOnError as error:
            log.warning("history_moved_on", reason=str(error))
            return
        self._metrics.at = replace(at, cursor=batch.cursor, entries=batch.count)
        self._metrics.count(written)
        self._unseen.extend(each.verdict for each in written.new)

    def _read(self, entry: Entry) -> Published | None:
        try:
            return Published.read(entry.body)
        except WireError as error:
            self._metrics.unreadable.inc()
            log.warning("verdict_unreadable", cursor=entry.cursor, error=str(error))
            return None

    def _show_again(self) -> None:
        if self._observers:
            self._unseen.extend(self._recent())

    def _show(self) -> None:
        while self._unseen:
            for observer in self._observers:
                self._show_to(observer, self._unseen[0])
            self._unseen.popleft()
            self._last_turn = time.monotonic()

    def _show_to(self, observer: Observer, verdict: Verdict) -> None:
        try:
            observer.see(verdict)
        except (RedisError, *AWAY):  # it is shown again
            raise
        except Exception:  # whoever watches, the history goes on
            log.exception("observer_failed", observer=type(observer).__name__, id=verdict.id)

    def _wait(self, stop: threading.Event, what: str, reason: str) -> None:
        if what != self._trouble:
            log.warning(what, reason=reason)
        self._trouble = what
        self._pause = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, self._pause * 2))
        stop.wait(self._pause)

    def _recovered(self) -> None:
        if self._trouble:
            log.info("recorder_goes_on")
        self._trouble, self._pause = "", 0.0
