"""Pictures are made in threads, a few at a time, and the last ones stay in memory: a reader steps to and fro."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from threading import Lock

ROOM_BYTES = 64 * 1000 * 1000
MOST_AT_ONCE = 4  # each may hold a few hundred MB while a picture is large


class PictureMaking:
    """What is made once, and kept as long as there is room."""

    def __init__(self, *, at_once: int | None = None, room_bytes: int = ROOM_BYTES) -> None:
        """Make so many at a time, by default one for each processor."""
        self._turns = asyncio.Semaphore(at_once or min(MOST_AT_ONCE, os.cpu_count() or 1))
        self._kept = Kept(room_bytes)

    async def made(
        self, key: Hashable, make: Callable[[], bytes], *, gone: Callable[[], Awaitable[bool]]
    ) -> bytes | None:
        """Return what a key stands for, made now if it is not kept; None where the reader has gone meanwhile.

        Whoever steps on asks for other pictures and leaves the first ones: those are not made any more.
        """
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        async with self._turns:
            if await gone():
                return None
            content = self._kept.get(key)
            if content is None:
                content = await asyncio.to_thread(make)
        self._kept.put(key, content)
        return content


class Kept:
    """The contents that were asked for last, in so many bytes; may be shared by threads."""

    def __init__(self, room_bytes: int) -> None:
        self._room = room_bytes
        self._held = 0
        self._contents = OrderedDict[Hashable, bytes]()
        self._lock = Lock()

    def get(self, key: Hashable) -> bytes | None:
        with self._lock:
            content = self._contents.get(key)
            if content is not None:
                self._contents.move_to_end(key)
            return content

    def put(self, key: Hashable, content: bytes) -> None:
        with self._lock:
            self._held += len(content) - len(self._contents.pop(key, b""))
            self._contents[key] = content
            while self._held > self._room:
                self._held -= len(self._contents.popitem(last=False)[1])
