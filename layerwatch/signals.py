"""SIGTERM and SIGINT as a request to stop after the work in hand; how a process ended, in words."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM or SIGINT sets; the handlers from before are put back afterwards."""
    stop = threading.Event()
    with _answered_by(lambda *_: stop.set()):
        yield stop


@contextmanager
def whole() -> Iterator[None]:
    """Let SIGTERM and SIGINT wait until the block is done: what they would interrupt is done whole or not begun.

    A second one interrupts at once, as the block may hang. Of use in the main thread only.

    Raises:
        KeyboardInterrupt: the second signal.
    """
    waiting: list[int] = []

    def hold(number: int, _: FrameType | None) -> None:
        if waiting:
            raise KeyboardInterrupt
        waiting.append(number)

    with _answered_by(hold):
        yield
    if waiting:
        signal.raise_signal(waiting[0])


@contextmanager
def _answered_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in _STOPS}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def describe_status(status: int) -> str:
    """Return how a process ended: the name of the signal that ended it, or its exit status."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
