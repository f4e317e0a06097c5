"""How far an inspection is, and waiting for its verdict: on the feed, so that Redis is not asked again and again."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

import structlog
from fastapi import Request
from redis import Redis

from layerwatch.errors import SettingsError, WireError
from layerwatch.ports import JobState
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import START
from monitoring.history.layer_queries import LayerQueries
from monitoring.web.history import NoHistoryError, PageHistory
from monitoring.web.live.feed import Feed

log = structlog.get_logger(__name__)


class State(StrEnum):
    QUEUED = "queued"  # it waits for a worker
    RUNNING = "running"  # a worker has it
    DONE = "done"  # here is its verdict
    FAILED = "failed"  # it was given up on
    UNKNOWN = "unknown"  # nobody knows of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an inspection is; its verdict where it is done."""

    id: str
    state: State
    verdict: Verdict | None = None


async def in_time(feed: Feed, inspection_id: str, seconds: float, request: Request) -> Verdict | None:
    """Return a verdict as soon as the feed has it; None when the time is over, the asker left, or the server stops."""
    clock = asyncio.get_running_loop()
    end, cursor = clock.time() + seconds, START
    gone = asyncio.create_task(_until_gone(request))
    try:
        while True:
            change = feed.change()
            new = feed.window.after(cursor)
            found = next((seen for seen in reversed(new) if seen.row.id == inspection_id), None)
            if found is not None:
                return await asyncio.to_thread(Verdict.from_json, found.body)
            cursor = new[-1].cursor if new else cursor
            left = end - clock.time()
            if left <= 0 or feed.closing or gone.done():
                return None
            await _first(change, gone, left)
    finally:
        gone.cancel()


async def _first(change: asyncio.Event, gone: asyncio.Task[None], seconds: float) -> None:
    changed = asyncio.create_task(change.wait())
    try:
        await asyncio.wait({changed, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        changed.cancel()


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def look_up(inspection_id: str, redis: Redis, history: PageHistory) -> Progress:
    """Return how far an inspection is, as Redis and the history know.

    Raises:
        RedisError: Redis does not answer.
        sqlalchemy.exc.DBAPIError: the database does not answer.
    """
    job = RedisQueue(redis).state(inspection_id)  # asked first: a worker publishes before it lets go of its job
    verdict = _published(inspection_id, redis)
    if verdict is None and job is None:
        verdict = _remembered(inspection_id, history)
    if verdict is not None:
        return Progress(id=inspection_id, state=State.DONE, verdict=verdict)
    return Progress(id=inspection_id, state=_STATES[job] if job else State.UNKNOWN)


_STATES = {JobState.QUEUED: State.QUEUED, JobState.RUNNING: State.RUNNING, JobState.FAILED: State.FAILED}


def _published(inspection_id: str, redis: Redis) -> Verdict | None:
    try:
        return RedisResults(redis).published(inspection_id)
    except WireError as error:
        log.warning("verdict_unreadable", id=inspection_id, error=str(error))
        return None


def _remembered(inspection_id: str, history: PageHistory) -> Verdict | None:
    try:
        return LayerQueries(history.engine()).verdict(inspection_id)
    except (NoHistoryError, SettingsError):  # there is none yet, or one of another version: it does not know
        return None
    except WireError as error:
        log.warning("verdict_unreadable", id=inspection_id, error=str(error))
        return None
