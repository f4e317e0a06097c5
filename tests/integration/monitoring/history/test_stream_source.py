"""What the recorder reads behind a position, and how it counts, on real servers."""

import time
from collections.abc import Callable

import pytest
from redis import Redis

from layerwatch.errors import VerdictsMissedError
from layerwatch.redis_results import RedisResults
from layerwatch.results import BATCH
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import NOTHING, START, STREAM
from monitoring.history.source import Batch, StreamSource
from monitoring.history.store import Position

pytestmark = pytest.mark.redis
VerdictMaker = Callable[..., Verdict]
Publish = Callable[[int], None]


def at(batch: Batch | None = None) -> Position:
    """The position behind a batch, or that of an empty history."""
    cursor, entries = (START, None) if batch is None else (batch.cursor, batch.count)
    return Position(cursor=cursor, entries=entries, gaps=1, gaps_filled=1)


@pytest.fixture
def source(redis_db: Redis) -> StreamSource:
    return StreamSource(redis_db)


@pytest.fixture
def publish(redis_db: Redis, some_verdict: VerdictMaker) -> Publish:
    """Publishes so many verdicts, each on a layer of its own."""
    layers = iter(range(10_000))
    results = RedisResults(redis_db)

    def some(count: int) -> None:
        for _ in range(count):
            assert results.publish(some_verdict(layer=next(layers)))

    return some


def read(source: StreamSource, position: Position) -> Batch:
    return source.after(position, wait_seconds=0.01)


def test_batches_come_in_order_and_say_how_many_the_stream_had_taken(source: StreamSource, publish: Publish) -> None:
    before = read(source, at())
    assert before == Batch(entries=(), cursor=NOTHING, count=0)
    publish(BATCH + 30)

    first = read(source, at(before))
    second = read(source, at(first))

    assert (len(first.entries), first.count) == (BATCH, BATCH)
    assert (len(second.entries), second.count) == (30, BATCH + 30)
    assert [entry.verdict().layer for entry in first.entries + second.entries] == list(range(BATCH + 30))
    assert read(source, at(second)) == Batch(entries=(), cursor=second.cursor, count=BATCH + 30)


def test_an_empty_history_counts_what_the_stream_had_lost_before(
    source: StreamSource, redis_db: Redis, publish: Publish
) -> None:
    publish(BATCH + 30)
    redis_db.xtrim(STREAM, maxlen=BATCH + 10, approximate=False)

    first = read(source, at())

    assert (len(first.entries), first.count) == (BATCH, BATCH + 20)


def test_what_was_trimmed_behind_the_position_is_told(source: StreamSource, redis_db: Redis, publish: Publish) -> None:
    publish(20)
    first = read(source, at())
    publish(20)
    redis_db.xtrim(STREAM, maxlen=19, approximate=False)

    with pytest.raises(VerdictsMissedError):
        read(source, at(first))


def test_what_was_trimmed_before_anything_was_read_is_told(
    source: StreamSource, redis_db: Redis, publish: Publish
) -> None:
    first = read(source, at())
    publish(9)
    redis_db.xtrim(STREAM, maxlen=5, approximate=False)

    with pytest.raises(VerdictsMissedError):
        read(source, at(first))


@pytest.mark.parametrize("kept", [0, 20])
def test_trimming_what_is_written_already_loses_nothing(
    source: StreamSource, redis_db: Redis, publish: Publish, kept: int
) -> None:
    publish(20)
    first = read(source, at())
    publish(kept)
    redis_db.xtrim(STREAM, maxlen=kept, approximate=False)

    second = read(source, at(first))

    assert (len(second.entries), second.count) == (kept, 20 + kept)


def test_another_stream_in_its_place_is_told(source: StreamSource, redis_db: Redis, publish: Publish) -> None:
    publish(3)
    first = read(source, at())
    redis_db.delete(STREAM)
    with pytest.raises(VerdictsMissedError):
        read(source, at(first))

    time.sleep(0.005)  # ids are made of milliseconds
    publish(3)

    with pytest.raises(VerdictsMissedError):
        read(source, at(first))
