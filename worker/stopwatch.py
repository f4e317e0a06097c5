"""How long each step of an inspection takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from layerwatch.verdict import StepSeconds

Step = Literal["read", "preprocess", "inference", "postprocess", "artifacts"]


class Stopwatch:
    """Adds up seconds by step; a step inside another counts for itself only."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._since = 0.0

    @contextmanager
    def step(self, name: Step) -> Iterator[None]:
        self._turn()
        self._running.append(name)
        try:
            yield
        finally:
            self._turn()
            self._running.pop()

    def seconds(self) -> StepSeconds:
        """Return the time of each step so far, rounded to microseconds."""
        return StepSeconds(**{name: round(seconds, 6) for name, seconds in self._seconds.items()})

    def _turn(self) -> None:
        """Give the time since the last turn to the innermost step."""
        now = self._clock()
        if self._running:
            innermost = self._running[-1]
            self._seconds[innermost] = self._seconds.get(innermost, 0.0) + now - self._since
        self._since = now
