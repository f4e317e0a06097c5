"""How much room there is where the artifacts lie, measured in a thread: a share that hangs holds up no scrape."""

import os
import threading
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from layerwatch.artifacts import Location
from worker.beside import beside

EVERY_SECONDS = 15.0
STOP_SECONDS = 1.0


def measuring_space(location: Location, *, registry: CollectorRegistry = REGISTRY) -> AbstractContextManager[None]:
    """Return what measures while it is entered; an object store has no end, and is not measured."""
    if not isinstance(location, Path):
        return nullcontext()
    free = Gauge("layerwatch_artifacts_free_bytes", "Room that is left for artifacts.", registry=registry)
    size = Gauge("layerwatch_artifacts_size_bytes", "Size of the disk that the artifacts lie on.", registry=registry)

    def run(done: threading.Event) -> None:
        while True:
            with suppress(OSError):
                told = os.statvfs(location)
                free.set(told.f_bavail * told.f_frsize)  # as a user who is not root may have it
                size.set(told.f_blocks * told.f_frsize)
            if done.wait(EVERY_SECONDS):
                return

    return beside(run, name="disk-space", join_seconds=STOP_SECONDS)
