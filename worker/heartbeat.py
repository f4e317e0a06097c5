"""Heartbeats of a busy worker, from a thread, so that silence means death."""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from layerwatch.redis_connection import UNAVAILABLE
from worker.beside import beside

STUCK = 70  # EX_SOFTWARE

log = structlog.get_logger("worker")


def heartbeats(
    beat: Callable[[], None], *, every_seconds: float, at_most_seconds: float
) -> AbstractContextManager[None]:
    """Return what calls `beat` again and again while it is entered.

    Native code that never returns cannot be interrupted: after `at_most_seconds` the process ends itself, its job is
    recovered as that of any dead worker, and whoever watches over the process starts a new one.
    """

    def run(done: threading.Event) -> None:
        beats_left = max(1, round(at_most_seconds / every_seconds))
        while not done.wait(every_seconds):
            if beats_left == 0:
                log.critical("worker_stuck", seconds=at_most_seconds)
                os._exit(STUCK)
            beats_left -= 1
            try:
                beat()
            except UNAVAILABLE as error:
                log.warning("heartbeat_failed", error=str(error))

    return beside(run, name="heartbeats")
