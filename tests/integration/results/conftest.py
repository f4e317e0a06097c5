"""What the tests of subscribers share: verdicts on a real stream, and readers of both kinds."""

from collections.abc import Callable
from contextlib import aclosing, closing
from itertools import islice
from typing import cast

import pytest
from redis import Redis

from layerwatch.job import InspectLayer
from layerwatch.results import Entry, Watch, subscribe, subscribe_async
from layerwatch.verdict import Verdict
from tests.publisher import Publisher, Reader, VerdictOf, in_a_loop_of_its_own


@pytest.fixture(scope="session")
def verdict_of(
    some_message: Callable[..., InspectLayer], verdict_about: Callable[[InspectLayer], Verdict]
) -> VerdictOf:
    """A verdict on a layer."""
    return lambda layer: verdict_about(some_message(layer=layer))


@pytest.fixture
def publisher(any_redis: Redis, verdict_of: VerdictOf) -> Publisher:
    return Publisher(any_redis, verdict_of)


def read(url: str, count: int, *, after: str | None, watch: Watch | None = None) -> list[Entry]:
    with closing(subscribe(url, after=after, watch=watch)) as subscription:
        return list(islice(subscription, count))


def read_async(url: str, count: int, *, after: str | None, watch: Watch | None = None) -> list[Entry]:
    async def collect() -> list[Entry]:
        async with (
            aclosing(subscribe_async(url, after=after, watch=watch)) as subscription,
            aclosing(aiter(subscription)) as entries,
        ):
            return [await anext(entries) for _ in range(count)]

    return in_a_loop_of_its_own(collect)


@pytest.fixture(params=[read, read_async])
def reader(request: pytest.FixtureRequest) -> Reader:
    """Reads so many entries: `reader(url, 3, after=START)`."""
    return cast("Reader", request.param)
