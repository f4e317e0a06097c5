"""The stream, shortened by age and length on a real server, and never past what the history has."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from redis import Redis
from sqlalchemy import Engine

from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import STREAM
from monitoring.history.recorder import Source
from monitoring.history.records import Published
from monitoring.history.source import StreamSource
from monitoring.history.store import HistoryStore
from monitoring.retention.stream import StreamLimits, trim

NOW = datetime(2026, 5, 4, tzinfo=UTC)
DAY = 86_400_000


def ids(client: Redis) -> list[str]:
    return [name.decode() for name, _ in cast("list[Any]", client.xrange(STREAM))]


@pytest.fixture
def days(redis_db: Redis) -> list[str]:
    """A stream with an entry for each of the ten days before now, the oldest first; returns the ids."""
    now = int(NOW.timestamp() * 1000)
    for ago in range(10, 0, -1):
        redis_db.xadd(STREAM, {"verdict": "{}"}, id=f"{now - ago * DAY + 1}-0")
    return ids(redis_db)


def test_what_is_older_goes(redis_db: Redis, days: list[str]) -> None:
    done = trim(redis_db, StreamLimits(age=timedelta(days=4)), written=days[-1], now=NOW)

    assert (done.removed, done.left) == (6, 4)
    assert ids(redis_db) == days[6:]


def test_of_more_the_oldest_go(redis_db: Redis, days: list[str]) -> None:
    done = trim(redis_db, StreamLimits(entries=3), written=days[-1], now=NOW)

    assert (done.removed, done.left) == (7, 3)
    assert ids(redis_db) == days[7:]


def test_nothing_goes_that_the_history_has_not_written(redis_db: Redis, days: list[str]) -> None:
    for limits in (StreamLimits(entries=1), StreamLimits(age=timedelta(seconds=1))):
        trim(redis_db, limits, written=days[2], now=NOW)

    assert ids(redis_db) == days[2:]


def test_a_stream_that_does_not_know_what_was_written_stays_as_it_is(redis_db: Redis, days: list[str]) -> None:
    for written in ("0", f"{int(NOW.timestamp() * 1000) + DAY}-0"):
        trim(redis_db, StreamLimits(entries=1), written=written, now=NOW)

    assert ids(redis_db) == days


def test_a_dry_run_counts_and_removes_nothing(redis_db: Redis, days: list[str]) -> None:
    done = trim(redis_db, StreamLimits(entries=4), written=days[-1], now=NOW, dry_run=True)

    assert (done.removed, done.left) == (6, 4)
    assert ids(redis_db) == days


def test_where_there_is_no_stream_there_is_nothing_to_trim(redis_db: Redis) -> None:
    assert trim(redis_db, StreamLimits(entries=1), written="1-0", now=NOW).left == 0


def test_a_long_stream_is_read_piece_by_piece(redis_db: Redis) -> None:
    for number in range(1, 1001):
        redis_db.xadd(STREAM, {"verdict": "{}"}, id=f"{number}-0")

    done = trim(redis_db, StreamLimits(entries=1), written="1000-0", now=NOW)

    assert (done.removed, ids(redis_db)) == (999, ["1000-0"])


def test_the_recorder_misses_nothing_after_trimming(
    redis_db: Redis, some_verdict: Callable[..., Verdict], engine: Engine
) -> None:
    results, store = RedisResults(redis_db), HistoryStore(engine)
    source: Source = StreamSource(redis_db)
    for layer in range(1, 6):
        results.publish(some_verdict(layer=layer))
    at = store.position()
    batch = source.after(at, wait_seconds=0.1)
    written = [Published.read(entry.body) for entry in batch.entries]
    store.advance(written, behind=at.cursor, cursor=batch.cursor, entries=batch.count)
    results.publish(some_verdict(layer=6))

    now = datetime.fromtimestamp(time.time() + 3600, UTC)
    trim(redis_db, StreamLimits(age=timedelta(seconds=1)), written=store.position().cursor, now=now)

    assert redis_db.xlen(STREAM) == 2
    rest = source.after(store.position(), wait_seconds=0.1)  # raises where something is missing
    assert [Verdict.from_json(entry.body).layer for entry in rest.entries] == [6]
