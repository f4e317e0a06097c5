"""Retention beside the recorder: now and then, in a thread of its own."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy import Engine

from layerwatch.artifacts import open_artifacts
from layerwatch.redis_connection import connect
from monitoring.history.database import AWAY, in_words
from monitoring.retention.pruning import KeepRules, Pruned, Pruning
from monitoring.settings import MonitoringSettings

FIRST_SECONDS = 60.0  # after the start, which may be one of many
STOP_SECONDS = 5.0
EVERY_SECONDS = 6 * 3600.0  # a pass lists all artifacts

log = structlog.get_logger(__name__)


class RetentionMetrics:
    """What the last pass found, and what all of this process removed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._stored = Gauge(
            "layerwatch_artifacts_bytes", "Bytes of overlays and masks that are kept.", ["printer"], registry=registry
        )
        self._removed = Counter(
            "layerwatch_pruned_artifacts_total", "Overlays and masks removed to make room.", registry=registry
        )

    def note(self, done: Pruned) -> None:
        self._stored.clear()
        for cleared in done.printers:
            self._stored.labels(printer=cleared.printer).set(cleared.left)
            self._removed.inc(cleared.files)


class Pass(Protocol):
    def run(self, now: datetime, *, stopped: Callable[[], bool]) -> Pruned:
        """Remove what the rules say; ends early where it is told to."""
        ...


class Retention:
    """Runs a pass when one is due, at most one at a time; what fails is tried again at the next.

    Args:
        pruning: a pass.
        clock: seconds that only go forward.
    """

    def __init__(
        self, pruning: Pass, metrics: RetentionMetrics, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pruning = pruning
        self._metrics = metrics
        self._clock = clock
        self._due = clock() + FIRST_SECONDS
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def run_when_due(self) -> None:
        """Start a pass if it is time; costs nothing otherwise."""
        if self._clock() < self._due or (self._thread is not None and self._thread.is_alive()):
            return
        self._due = self._clock() + EVERY_SECONDS
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End a pass after the layer in hand, or leave it to the end of the process, as any moment will do."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_SECONDS)

    def _run(self) -> None:
        try:
            done = self._pruning.run(datetime.now(UTC), stopped=self._stop.is_set)
        except (OSError, *AWAY) as error:
            log.warning("retention_failed", reason=in_words(error))
        except Exception:  # the recorder goes on
            log.exception("retention_failed")
        else:
            self._metrics.note(done)
            _log(done)


def _log(done: Pruned) -> None:
    if done.waits:
        log.info("retention_waits", reason="the history is not complete yet")
    for each in done.printers:
        log.info("artifacts_pruned", printer=each.printer, files=each.files, removed=each.removed, left=each.left)
    if done.stream is None:
        log.warning("stream_not_trimmed", reason="Redis does not answer")
    else:
        log.info("stream_trimmed", removed=done.stream.removed, left=done.stream.left)


def retention_of(
    settings: MonitoringSettings,
    engine: Engine,
    registry: CollectorRegistry,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Retention:
    """Return what a recorder runs beside its work."""
    pruning = Pruning(
        engine=engine,
        artifacts=open_artifacts(settings.artifacts_dir),
        redis=connect(settings.redis_url, retries=0),
        rules=KeepRules.of(settings),
    )
    return Retention(pruning, RetentionMetrics(registry), clock=clock)
