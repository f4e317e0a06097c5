"""Reads the artifacts for what the stream no longer holds, beside the recorder, which stays with what is new."""

import threading
from pathlib import PurePosixPath

import structlog

from layerwatch.artifacts import Artifacts
from monitoring.history.database import AWAY, in_words
from monitoring.history.from_artifacts import build_folders, verdicts_in
from monitoring.history.metrics import RecorderMetrics
from monitoring.history.store import HistoryStore

STOP_SECONDS = 5.0
PAUSE_SECONDS = 10.0  # before the artifacts, or the database, are tried again

log = structlog.get_logger(__name__)


class CatchUp:
    """At most one thread, which tries until it has seen all artifacts; what is known already costs little."""

    def __init__(
        self, store: HistoryStore, artifacts: Artifacts, metrics: RecorderMetrics, *, pause: float = PAUSE_SECONDS
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._metrics = metrics
        self._pause = pause
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._finished = threading.Event()

    def start(self, gaps: int) -> None:
        """Begin, unless it is at it; when all is read, so many gaps are filled."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, args=(gaps,), name="catch-up", daemon=True)
            self._thread.start()

    def has_finished(self) -> bool:
        """Return whether it came to its end since this was asked last."""
        finished = self._finished.is_set()
        self._finished.clear()
        return finished

    def stop(self) -> None:
        """End it after the chunk in hand, or leave it to the end of the process."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_SECONDS)

    def _run(self, gaps: int) -> None:
        log.info("history_catches_up", gaps=gaps)
        told, done = False, set[PurePosixPath]()
        while not self._stop.is_set():
            try:
                self._fill(gaps, done)
            except (OSError, *AWAY) as error:
                if not told:
                    log.warning("catching_up_waits", reason=in_words(error))
                told = True
                self._stop.wait(self._pause)
            else:
                return

    def _fill(self, gaps: int, done: set[PurePosixPath]) -> None:
        if self._store.position().has_gap and self._read_all(done):
            self._store.fill_gaps(gaps)
            self._finished.set()
            log.info("history_caught_up", gaps=gaps)

    def _read_all(self, done: set[PurePosixPath]) -> bool:
        """Take in all that lies there but in builds that are done; return False if it was stopped before the end."""
        for folder in build_folders(self._artifacts):
            if folder in done:
                continue
            for chunk in verdicts_in(self._artifacts, folder):
                if self._stop.is_set():
                    return False
                self._metrics.unreadable.inc(chunk.unreadable)
                self._metrics.count(self._store.take_in(chunk.found))
            done.add(folder)
        return not self._stop.is_set()
