"""Server-sent events: verdicts, once each and by their stream ids, what is told over layers, and how everything is."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from monitoring.web.live.bell import Bell
from monitoring.web.live.feed import Feed
from monitoring.web.live.told import Told, ToldFeed
from monitoring.web.live.window import Seen

HEARTBEAT_SECONDS = 5.0
RETRY_MILLISECONDS = 1000
BURST = 100


def verdict_event(seen: Seen) -> bytes:
    """Return the event of a verdict; its data are the exact body."""
    return b"id: %s\nevent: verdict\n%s\n\n" % (seen.cursor.encode(), _data(seen.body))


def told_event(told: Told) -> bytes:
    """Return what is told over layers; without an id, so that a reader goes on behind the last verdict."""
    return b"event: told\n%s\n\n" % _data(told.body)


def status_event(body: str) -> bytes:
    """Return the event that says how everything is; it also shows that the connection lives."""
    return f"event: status\ndata: {body}\n\n".encode()


def missed_event(floor: str) -> bytes:
    """Return the event that says that verdicts behind the reader's cursor are no longer in the window."""
    return f"event: missed\ndata: {json.dumps({'from': floor})}\n\n".encode()


class EventStream:
    """What readers are sent.

    Args:
        feed: the verdicts.
        told: the events.
        bell: rings when one of them changed.
        status: returns the body of a status event.
    """

    def __init__(self, feed: Feed, told: ToldFeed, bell: Bell, status: Callable[[], str]) -> None:
        self._feed = feed
        self._told = told
        self._bell = bell
        self._status = status

    async def read(self, cursor: str | None, told_after: str | None = None) -> AsyncIterator[bytes]:
        """Yield events for one reader, from behind a cursor, or from now on, until the server stops.

        The reader pulls from the window at its own pace, so a slow one costs no memory.
        """
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        told_cursor = self._told.cursor if told_after is None else told_after
        while not self._feed.closing:
            change = self._bell.next()
            yield status_event(self._status())
            for told in self._told.after(told_cursor):
                yield told_event(told)
                told_cursor = told.cursor
            if self._feed.loaded:
                cursor = self._feed.window.cursor if cursor is None else cursor
                if not self._feed.window.has_all_after(cursor):
                    yield missed_event(self._feed.window.floor)
                    cursor = self._feed.window.floor
                while new := self._feed.window.after(cursor, BURST):
                    for seen in new:
                        yield verdict_event(seen)
                    cursor = new[-1].cursor
            await _wait(change, HEARTBEAT_SECONDS)


def _data(body: bytes) -> bytes:
    return b"\n".join(b"data: " + line for line in body.splitlines())


async def _wait(change: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await change.wait()
    except TimeoutError:
        return


def resume_cursor(last_event_id: str, after: str | None) -> str | None:
    """Return where a reader goes on: what it saw last wins over where it once began."""
    return last_event_id or after or None
