"""Server-sent events: each verdict once, with its stream id as the event id, and how the feed is."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from monitoring.web.live.feed import Feed
from monitoring.web.live.window import Seen

HEARTBEAT_SECONDS = 5.0
RETRY_MILLISECONDS = 1000
BURST = 100


def verdict_event(seen: Seen) -> bytes:
    """Return the event of a verdict; its data are the exact body."""
    lines = b"\n".join(b"data: " + line for line in seen.body.splitlines())
    return b"id: %s\nevent: verdict\n%s\n\n" % (seen.cursor.encode(), lines)


def status_event(feed: Feed) -> bytes:
    """Return the event that says how the feed is; it also shows that the connection lives."""
    status = {
        "redis": feed.answers,
        "loaded": feed.loaded,
        "since": feed.since.isoformat(),
        "now": datetime.now(UTC).isoformat(),
    }
    return f"event: status\ndata: {json.dumps(status)}\n\n".encode()


def missed_event(floor: str) -> bytes:
    """Return the event that says that verdicts behind the reader's cursor are no longer in the window."""
    return f"event: missed\ndata: {json.dumps({'from': floor})}\n\n".encode()


async def event_stream(feed: Feed, cursor: str | None) -> AsyncIterator[bytes]:
    """Yield events for one reader, from behind a cursor, or from now on, until the server stops.

    The reader pulls from the window at its own pace, so a slow one costs no memory.
    """
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    while not feed.closing:
        change = feed.change()
        yield status_event(feed)
        if feed.loaded:
            cursor = feed.window.cursor if cursor is None else cursor
            if not feed.window.has_all_after(cursor):
                yield missed_event(feed.window.floor)
                cursor = feed.window.floor
            while new := feed.window.after(cursor, BURST):
                for seen in new:
                    yield verdict_event(seen)
                cursor = new[-1].cursor
        await _wait(change, HEARTBEAT_SECONDS)


async def _wait(change: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await change.wait()
    except TimeoutError:
        return


def resume_cursor(last_event_id: str, after: str | None) -> str | None:
    """Return where a reader goes on: what it saw last wins over where it once began."""
    return last_event_id or after or None
