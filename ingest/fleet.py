"""All printers of one process: each has a loop and a thread of its own, so that one that stalls holds up no other."""

import threading
from collections.abc import Callable, Mapping, Sequence

import structlog
from structlog.contextvars import bound_contextvars

from ingest.service import Ingest

END_SECONDS = 10.0  # a loop that hangs on a dead share is not waited for longer
LOOK_SECONDS = 0.2

log = structlog.get_logger()


class Fleet:
    """The loops of several printers, started and stopped together."""

    def __init__(self, loops: Mapping[str, Ingest]) -> None:
        """Loops by the names of their printers."""
        self._loops = dict(loops)
        self._stopping = threading.Event()
        self._failures: list[Exception] = []

    @property
    def loops(self) -> Sequence[Ingest]:
        return tuple(self._loops.values())

    @property
    def source_checks(self) -> Mapping[str, Callable[[], bool]]:
        """What /health/ready asks: of each printer whether its folder is there."""
        return {f"source{self._suffix(name)}": loop.is_source_up for name, loop in self._loops.items()}

    @property
    def loop_checks(self) -> Mapping[str, Callable[[], bool]]:
        """What /health/live asks: of each printer whether its loop turns."""
        return {f"loop{self._suffix(name)}": loop.is_alive for name, loop in self._loops.items()}

    def _suffix(self, name: str) -> str:
        return f"_{name}" if len(self._loops) > 1 else ""

    def run(self, *, once: bool = False) -> None:
        """Serve until `stop` is called; with `once` until all that lies in the folders is handed over.

        Raises:
            Exception: what ended one of the loops, after the others were stopped.
        """
        threads = [
            threading.Thread(target=self._serve, args=(name, loop, once), name=f"ingest-{name}", daemon=True)
            for name, loop in self._loops.items()
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) and not self._stopping.is_set():
            self._stopping.wait(LOOK_SECONDS)
        self.stop()
        for thread in threads:
            thread.join(END_SECONDS)
            if thread.is_alive():
                log.warning("loop_hangs", thread=thread.name, waited_seconds=END_SECONDS)
        if self._failures:
            raise self._failures[0]

    def stop(self) -> None:
        """End all loops after what they have in hand; may be called from a signal handler."""
        self._stopping.set()
        for loop in self._loops.values():
            loop.stop()

    def _serve(self, name: str, loop: Ingest, once: bool) -> None:  # noqa: FBT001 - of a thread
        with bound_contextvars(printer=name):
            try:
                loop.run(once=once)
            except Exception as error:
                log.exception("loop_failed")
                self._failures.append(error)
                self._stopping.set()
