"""Something that goes on in a thread while a block runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(run: Callable[[threading.Event], None], *, name: str, join_seconds: float | None = None) -> Iterator[None]:
    """Call `run` in a thread while the block runs.

    Args:
        run: gets an event that is set when it is to end.
        name: of the thread.
        join_seconds: how long its end is waited for, None for as long as it takes.
    """
    done = threading.Event()
    thread = threading.Thread(target=run, args=(done,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(join_seconds)
