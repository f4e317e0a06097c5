"""How regularly new layers come, and whether they have stopped. Pure: every time is an argument."""

from collections import deque

INTERVALS = 20  # the last so many say how long a layer takes
FEWEST = 3  # before so many are known, no silence is strange
TIMES = 5.0  # a wait is strange when it is so many times the longest of them
SHORTEST_SECONDS = 60.0


class Rhythm:
    """When the layers that are being printed came."""

    def __init__(self, *, silent_seconds: float | None = None) -> None:
        """Layers have stopped when none came for so long, None for five times the longest of the last intervals."""
        self._silent_seconds = silent_seconds
        self._intervals: deque[float] = deque(maxlen=INTERVALS)
        self._last: float | None = None

    def heard(self, now: float) -> None:
        """Enter that a new layer came."""
        if self._last is not None:
            self._intervals.append(now - self._last)
        self._last = now

    def silence(self, now: float) -> float | None:
        """Return for how many seconds none has come, None as long as that is nothing strange."""
        if self._last is None:
            return None
        waited = now - self._last
        return waited if waited > self._allowed() else None

    def _allowed(self) -> float:
        if self._silent_seconds is not None:
            return self._silent_seconds
        if len(self._intervals) < FEWEST:
            return float("inf")
        return max(SHORTEST_SECONDS, TIMES * max(self._intervals))
