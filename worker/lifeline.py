"""A pipe that tells a process when the one that started it is gone, in whatever way it ended."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def lifeline() -> Iterator[int]:
    """Yield the descriptor that children are to inherit; it is cut when this block or this process ends."""
    for_children, held_here = os.pipe()
    try:
        yield for_children
    finally:
        os.close(held_here)
        os.close(for_children)


def when_cut(line: int, act: Callable[[], None]) -> None:
    """Call `act` from a thread as soon as the process at the other end of a lifeline is gone."""

    def watch() -> None:
        os.read(line, 1)  # nothing is ever written
        act()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
