"""While nothing can be written where the artifacts lie: no inspection begins, and it is told once."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import structlog

from layerwatch.errors import ArtifactsUnwritableError
from worker import metrics

PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)  # before the first looks
LONGEST_PAUSE_SECONDS = 5.0  # before each one after them

log = structlog.get_logger("worker")


class ArtifactsOutage:
    """Whether this worker's artifacts can be written; if not, looks in a thread when they can, as a share may hang.

    That a look went well does not end an outage: the room may be enough for one file and not for an inspection. It ends
    when the next one does not run into it again, or when none waits.
    """

    def __init__(self, probe: Callable[[int], None], *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Begin without an outage.

        Args:
            probe: raises OSError while a file of so many bytes cannot be written.
            sleep: waits some seconds.
        """
        self._probe = probe
        self._sleep = sleep
        self._began: float | None = None
        self._reason = ""
        self._pauses: Iterator[float] = iter(())
        self._met = False  # by what was tried last
        self._may_try = threading.Event()
        self._may_try.set()

    @property
    def lasts(self) -> bool:
        return self._began is not None

    @property
    def reason(self) -> str:
        """Why nothing can be written, and what to do; empty without an outage."""
        return self._reason if self.lasts else ""

    def note(self, error: ArtifactsUnwritableError) -> None:
        """Note that an inspection could not write its artifacts: none begins until a look says that it may be tried."""
        if self._began is None:
            self._began = time.monotonic()
            self._pauses = chain(PAUSES_SECONDS, repeat(LONGEST_PAUSE_SECONDS))
            metrics.ARTIFACTS_WRITABLE.set(0)
            log.error("artifacts_unwritable", error=str(error))
        self._reason = str(error)
        self._met = True
        self._may_try.clear()
        threading.Thread(target=self._look, args=(error.size,), name="artifacts-outage", daemon=True).start()

    def may_try(self, wait_seconds: float) -> bool:
        """Return whether an inspection may begin, at once if so, else after a while."""
        if not self._may_try.wait(wait_seconds):
            return False
        self._met = False
        return True

    def settle(self) -> None:
        """End the outage unless what was tried since `may_try` said so has met it again."""
        if self._began is not None and not self._met:
            metrics.ARTIFACTS_WRITABLE.set(1)
            log.info("artifacts_writable", after_seconds=round(time.monotonic() - self._began, 1))
            self._began = None

    def _look(self, size: int) -> None:
        """Return when a file of so many bytes can be written."""
        for pause in self._pauses:
            self._sleep(pause)
            try:
                self._probe(size)
            except OSError:
                continue
            self._may_try.set()
            return
