"""Reading the stream behind a position, and noticing what it lost, on real servers."""

from collections.abc import Callable

import pytest
from redis import Redis

from layerwatch.redis_results import STREAM, RedisResults
from layerwatch.verdict import Verdict
from monitoring.history.source import Batch, StreamSource, VerdictsLostError
from monitoring.history.store import Position
from monitoring.stream import BATCH

pytestmark = pytest.mark.redis
VerdictMaker = Callable[..., Verdict]
Publish = Callable[[int], None]


def at(cursor: str = "0", entries: int | None = None) -> Position:
    return Position(cursor=cursor, entries=entries, gaps=1, gaps_filled=1)


def behind(batch: Batch) -> Position:
    return at(batch.entries[-1].cursor, batch.count)


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
    assert read(source, at()) == Batch(entries=(), count=0)
    publish(BATCH + 30)

    first = read(source, at(entries=0))
    second = read(source, behind(first))

    assert (len(first.entries), first.count) == (BATCH, BATCH)
    assert (len(second.entries), second.count) == (30, BATCH + 30)
    layers = [Verdict.from_json(entry.body).layer for entry in first.entries + second.entries]
    assert layers == list(range(BATCH + 30))
    assert read(source, behind(second)) == Batch(entries=(), count=BATCH + 30)


def test_what_was_trimmed_behind_the_position_is_told(source: StreamSource, redis_db: Redis, publish: Publish) -> None:
    publish(20)
    position = behind(read(source, at()))
    publish(20)
    redis_db.xtrim(STREAM, maxlen=19, approximate=False)

    with pytest.raises(VerdictsLostError, match="trimmed behind") as told:
        read(source, position)

    begun_anew = read(source, at(entries=told.value.entries))
    assert (len(begun_anew.entries), begun_anew.count) == (19, 40)


def test_what_was_trimmed_before_the_start_was_ever_read_is_told(
    source: StreamSource, redis_db: Redis, publish: Publish
) -> None:
    position = at(entries=read(source, at()).count)
    publish(9)
    redis_db.xtrim(STREAM, maxlen=5, approximate=False)

    with pytest.raises(VerdictsLostError):
        read(source, position)


@pytest.mark.parametrize("kept", [0, 20])
def test_trimming_what_is_written_already_loses_nothing(
    source: StreamSource, redis_db: Redis, publish: Publish, kept: int
) -> None:
    publish(20)
    position = behind(read(source, at()))
    publish(kept)
    redis_db.xtrim(STREAM, maxlen=kept, approximate=False)

    assert len(read(source, position).entries) == kept


def test_another_stream_in_its_place_is_told(source: StreamSource, redis_db: Redis, publish: Publish) -> None:
    publish(3)
    position = behind(read(source, at()))
    redis_db.delete(STREAM)
    with pytest.raises(VerdictsLostError):
        read(source, position)

    redis_db.delete("layerwatch:ledger")
    publish(3)

    with pytest.raises(VerdictsLostError) as told:
        read(source, position)
    assert told.value.entries == 0
