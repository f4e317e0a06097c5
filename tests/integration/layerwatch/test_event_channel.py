"""Events on both twins of the port, and what any Redis client sees of them."""

import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from redis import Redis

from layerwatch.events import Event, EventKind
from layerwatch.memory import InMemoryEvents
from layerwatch.ports import EventChannel
from layerwatch.redis_connection import connect
from layerwatch.redis_events import EVENT_BODY, EVENT_CHANNEL, EVENT_STREAM, TOLD, RedisEvents
from layerwatch.verdict import Verdict
from tests.unit.monitoring.conftest import some_verdict
from tests.unit.monitoring.over_layers.conftest import STREAK, layer_with, told

pytestmark = pytest.mark.redis
__all__ = ["layer_with", "some_verdict"]

VerdictMaker = Callable[..., Verdict]


@pytest.fixture(params=["memory", "server"])
def channel(request: pytest.FixtureRequest) -> EventChannel:
    return InMemoryEvents() if request.param == "memory" else RedisEvents(request.getfixturevalue("any_redis"))


def kept(channel: EventChannel) -> list[Event]:
    return [event for _, event in channel.since("0", wait_seconds=0.01)]


@pytest.fixture
def events(layer_with: VerdictMaker) -> list[Event]:
    """A warning and an escalation."""
    return told(layer_with(layer, STREAK) for layer in range(1, 6))


def test_an_event_is_told_once_and_kept_in_order(channel: EventChannel, events: list[Event]) -> None:
    assert [channel.publish(event) for event in (*events, *events)] == [True, True, False, False]

    assert kept(channel) == events


def test_a_reader_goes_on_behind_its_cursor(channel: EventChannel, events: list[Event]) -> None:
    assert channel.latest_cursor() == "0"
    channel.publish(events[0])
    cursor = channel.latest_cursor()
    channel.publish(events[1])

    assert list(channel.since(cursor, wait_seconds=0.01)) == [(channel.latest_cursor(), events[1])]


def test_channel_and_stream_carry_the_same_body(redis_db: Redis, events: list[Event]) -> None:
    listener: Any = cast("Any", redis_db).pubsub(ignore_subscribe_messages=True)
    listener.subscribe(EVENT_CHANNEL)
    listener.get_message(timeout=1)

    RedisEvents(redis_db).publish(events[-1])

    heard = listener.get_message(timeout=2)
    (_, fields), *more = cast("list[Any]", redis_db.xrange(EVENT_STREAM))
    listener.close()
    assert heard is not None
    assert not more
    assert heard["data"] == fields[EVENT_BODY.encode()] == events[-1].to_json().encode()


def test_of_many_publishers_one_wins(redis_url: str, redis_db: Redis, events: list[Event]) -> None:
    won: list[bool] = []

    def publish() -> None:
        client = connect(redis_url)
        won.append(RedisEvents(client).publish(events[0]))
        client.close()

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False] * 7 + [True]
    assert redis_db.xlen(EVENT_STREAM) == redis_db.hlen(TOLD) == 1


def test_what_cannot_be_read_is_passed_over(any_redis: Redis, events: list[Event]) -> None:
    channel = RedisEvents(any_redis)
    channel.publish(events[0])
    any_redis.xadd(EVENT_STREAM, {EVENT_BODY: '{"schema": 2}'})
    any_redis.xadd(EVENT_STREAM, {"other": "x"})
    channel.publish(events[1])

    assert kept(channel) == events


def test_the_stream_forgets_the_oldest_and_what_was_told_is_remembered(any_redis: Redis, events: list[Event]) -> None:
    channel = RedisEvents(any_redis, keep=100)
    ids = [f"m290_job42-{EventKind.BUILD_AT_RISK}-{number:012x}" for number in range(1300)]

    for name in ids:
        channel.publish(events[-1].model_copy(update={"id": name}))

    assert 100 <= len(kept(channel)) < 400
    assert any_redis.hlen(TOLD) == 1300
    assert not channel.publish(events[-1].model_copy(update={"id": ids[0]}))
