"""When a printer writes: the n-th layer set is due at a fixed time, however long the one before took."""

import time
from collections.abc import Callable


class Clock:
    """Waits until the next layer set is due; without a period it never waits."""

    def __init__(
        self,
        seconds: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.seconds = seconds
        self._now = now
        self._sleep = sleep
        self._due: float | None = None

    def wait(self) -> None:
        """Return when the next one is due; the first is due at once, a late one moves those after it."""
        due = self._now() if self._due is None else self._due
        if due > self._now():
            self._sleep(due - self._now())
        self._due = max(due, self._now()) + self.seconds
