"""Do events come at all? Pure: what scans find and what events announce goes in.

On network shares and some bind mounts the kernel tells nobody what another machine writes, without an error.
"""

from typing import Final

UNHEARD: Final = 3  # so many files in a row without an event: one layer of three lights


class Hearing:
    """Compares the files that scans find with those that events announced."""

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._unheard = 0
        self._is_announced = self._counts = False

    @property
    def is_deaf(self) -> bool:
        """Whether the last few new files came without any event."""
        return self._unheard >= UNHEARD

    def scan_begins(self) -> None:
        """A new scan begins: what the last one found has had its time to be announced."""
        self._unheard += len(self._found)
        self._found.clear()
        self._counts, self._is_announced = not self._is_announced, False

    def found(self, path: str) -> None:
        """Enter a new or changed file that a scan found before any event told of it."""
        if self._counts:
            self._found.add(path)

    def scan_announced(self) -> None:
        """Enter that an event of a folder asks for the next scan: what that finds is no surprise."""
        self._is_announced = True
        self._unheard = 0

    def heard(self, path: str) -> None:
        """Enter that an event told of a file, be it late."""
        self._found.discard(path)
        self._unheard = 0
