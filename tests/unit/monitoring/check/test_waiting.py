"""Waiting for a verdict hangs on the feed."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import Request
from prometheus_client import CollectorRegistry

from layerwatch.verdict import Verdict
from monitoring.metrics import VerdictMetrics
from monitoring.web.check.waiting import in_time
from monitoring.web.live.bell import Bell
from monitoring.web.live.feed import Feed, connect_for_feed
from monitoring.web.live.window import Seen

SeenMaker = Callable[..., Seen]
LONG = 30.0


class Stand:
    """A feed that nobody runs, so that it never connects, and somebody who asks."""

    def __init__(self) -> None:
        self.bell = Bell()
        metrics = VerdictMetrics(CollectorRegistry())
        self.feed = Feed(connect_for_feed("redis://127.0.0.1:1/0"), size=10, metrics=metrics, bell=self.bell)
        self.left = asyncio.Event()

    async def verdict(self, inspection_id: str, seconds: float) -> Verdict | None:
        return await in_time(self.feed, inspection_id, seconds, a_request(self.left))


def a_request(left: asyncio.Event) -> Request:
    async def receive() -> dict[str, str]:
        await left.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "method": "GET", "headers": []}, receive)


def run(wait: Callable[[Stand], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(10):
            await wait(Stand())

    asyncio.run(main())


def test_a_verdict_that_the_feed_has_is_there_at_once(some_seen: SeenMaker) -> None:
    async def wait(stand: Stand) -> None:
        seen = some_seen(1)
        stand.feed.window.add(seen)
        verdict = await stand.verdict(seen.row.id, 0)
        assert verdict is not None
        assert verdict.id == seen.row.id

    run(wait)


def test_one_that_comes_meanwhile_ends_the_wait_and_others_do_not(some_seen: SeenMaker) -> None:
    async def wait(stand: Stand) -> None:
        wanted = some_seen(2, layer=2)
        waiting = asyncio.create_task(stand.verdict(wanted.row.id, LONG))
        for seen in (some_seen(1, layer=1), wanted):
            await asyncio.sleep(0.01)
            assert not waiting.done()
            stand.feed.window.add(seen)
            stand.bell.ring()
        verdict = await waiting
        assert verdict is not None
        assert verdict.layer == 2

    run(wait)


def test_the_wait_ends_when_the_time_is_over_the_asker_leaves_or_the_server_stops() -> None:
    async def wait(stand: Stand) -> None:
        unknown = "m290_job42_000009_melt-0123456789ab"
        assert await stand.verdict(unknown, 0.01) is None
        waiting = asyncio.create_task(stand.verdict(unknown, LONG))
        await asyncio.sleep(0.01)
        stand.left.set()
        assert await waiting is None
        stand.left = asyncio.Event()
        stopping = asyncio.create_task(stand.verdict(unknown, LONG))
        await asyncio.sleep(0.01)
        stand.feed.close()
        assert await stopping is None

    run(wait)
