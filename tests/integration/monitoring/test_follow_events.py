"""`follow` shows events beside the verdicts."""

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from layerwatch.events import Event
from layerwatch.redis_events import RedisEvents
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from tests.unit.monitoring.over_layers.conftest import STREAK, layer_with, told

pytestmark = pytest.mark.redis
__all__ = ["layer_with"]

VerdictMaker = Callable[..., Verdict]
Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def events(layer_with: VerdictMaker) -> list[Event]:
    """A warning and an escalation."""
    return told(layer_with(layer, STREAK) for layer in range(1, 6))


def url_of(client: Redis) -> str:
    return "redis://127.0.0.1:{port}/0".format(**client.connection_pool.connection_kwargs)


def test_a_table_shows_what_is_told_about_a_build_with_its_reasons(
    any_redis: Redis,
    events: list[Event],
    layer_with: VerdictMaker,
    start: Callable[..., Any],
    eventually: Eventually,
) -> None:
    RedisEvents(any_redis).publish(events[0])
    RedisResults(any_redis).publish(layer_with(5, STREAK))
    follow = start("follow", "--from-start", "--table", url=url_of(any_redis), COLUMNS="200")
    eventually(lambda: b"DEFECT PERSISTS" in follow.out.read_bytes() and b"REVIEW" in follow.out.read_bytes())

    RedisEvents(any_redis).publish(events[1])

    eventually(lambda: b"decide whether the build goes on" in follow.out.read_bytes())
    shown = follow.out.read_text(encoding="utf-8")
    assert shown.count("BUILD AT RISK") == shown.count("DEFECT PERSISTS") == 1
    assert "000005  m290 job42" in shown
    assert follow.said() == ""


def test_json_lines_are_verdicts_alone(
    any_redis: Redis,
    events: list[Event],
    layer_with: VerdictMaker,
    start: Callable[..., Any],
) -> None:
    RedisEvents(any_redis).publish(events[0])
    verdict = layer_with(5, STREAK)
    RedisResults(any_redis).publish(verdict)

    follow = start("follow", "--from-start", "--count", "1", url=url_of(any_redis))

    assert follow.popen.wait(timeout=15) == 0
    assert follow.lines() == [verdict.to_json().encode()]


def test_events_go_on_after_a_restart_of_redis(
    own_redis_server: Any,  # noqa: ANN401 - the fixture's class lies in the conftest
    events: list[Event],
    start: Callable[..., Any],
    eventually: Eventually,
) -> None:
    client = Redis.from_url(own_redis_server.url)
    RedisEvents(client).publish(events[0])
    follow = start("follow", "--from-start", "--table", url=own_redis_server.url)
    eventually(lambda: b"DEFECT PERSISTS" in follow.out.read_bytes())

    own_redis_server.stop()
    eventually(lambda: "does not answer" in follow.said())
    own_redis_server.start()
    RedisEvents(client).publish(events[1])

    eventually(lambda: b"BUILD AT RISK" in follow.out.read_bytes())
    assert follow.out.read_bytes().count(b"DEFECT PERSISTS") == 1
    assert "Traceback" not in follow.said()
