"""Wakes everybody who waits for a change of the page."""

import asyncio


class Bell:
    """May be rung from the event loop only."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Return an event that is set at the next change; take it before looking at what may change."""
        return self._rung

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()
