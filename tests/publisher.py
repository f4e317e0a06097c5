"""What the tests of the results share: a publisher of verdicts, and how readers look."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar, cast

from redis import Redis

from layerwatch.redis_results import RedisResults
from layerwatch.results import Entry, Watch
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import BODY, STREAM, entries_of

VerdictOf = Callable[[int], Verdict]
Found = TypeVar("Found")


class Server(Protocol):
    url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Reader(Protocol):
    def __call__(self, url: str, count: int, *, after: str | None, watch: Watch | None = None) -> list[Entry]: ...


class Publisher:
    """Publishes verdicts on one layer after the other, as the workers do."""

    def __init__(self, client: Redis, verdict_of: VerdictOf) -> None:
        self.redis = client
        self._results = RedisResults(client)
        self._verdict_of = verdict_of
        self._layers = 0

    @property
    def url(self) -> str:
        return "redis://127.0.0.1:{port}/0".format(**self.redis.connection_pool.connection_kwargs)

    def publish(self, count: int) -> list[Entry]:
        """Publish so many verdicts and return their entries."""
        before = len(self.entries())
        for _ in range(count):
            self._layers += 1
            assert self._results.publish(self._verdict_of(self._layers))
        return self.entries()[before:]

    def entries(self) -> list[Entry]:
        return entries_of(cast("list[Any]", self.redis.xrange(STREAM)))

    def trim_to(self, entry: Entry) -> None:
        """Remove everything in front of an entry."""
        self.redis.xtrim(STREAM, minid=entry.cursor, approximate=False)

    def begin_anew(self) -> None:
        """Empty Redis as one whose clock is behind: what comes has smaller ids than what was read."""
        with self.redis.pipeline() as step:
            step.flushall()
            step.xadd(STREAM, {BODY: "{}"}, id="1-0")
            step.execute()


def in_a_loop_of_its_own(work: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
    """Run a coroutine in a thread: in the main one the browser's tests may have left their loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
