"""`follow` as a process on a real Redis."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from redis import Redis

from layerwatch.redis_results import CHANNEL, RedisResults
from layerwatch.verdict import Decision, Verdict
from layerwatch.verdict_stream import STREAM

pytestmark = pytest.mark.redis
ROOT = Path(__file__).resolve().parents[3]

VerdictMaker = Callable[..., Verdict]
Eventually = Callable[[Callable[[], object]], None]


class Server(Protocol):
    url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


def bodies(client: Redis) -> list[bytes]:
    entries: Any = client.xrange(STREAM)
    return [fields[b"verdict"] for _, fields in entries]


def publish(client: Redis, some_verdict: VerdictMaker, layers: range) -> None:
    results = RedisResults(client)
    for layer in layers:
        decision = Decision.REJECT if layer % 5 == 0 else Decision.PASS
        assert results.publish(some_verdict(layer=layer, decision=decision, areas_px=(900,) if layer % 5 == 0 else ()))


def test_a_pipe_gets_the_exact_bodies_of_the_stream_old_and_new(
    redis_db: Redis, redis_url: str, some_verdict: VerdictMaker, start: Callable[..., Any], eventually: Eventually
) -> None:
    publish(redis_db, some_verdict, range(1, 8))
    follow = start("follow", "--from-start", "--count", "10", url=redis_url)
    eventually(lambda: len(follow.lines()) == 7)
    publish(redis_db, some_verdict, range(8, 11))

    status = follow.popen.wait(timeout=10)

    assert status == 0
    assert follow.lines() == bodies(redis_db)
    assert follow.said() == ""


def test_a_filter_and_a_cursor_choose_what_is_printed(
    redis_db: Redis, redis_url: str, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    publish(redis_db, some_verdict, range(1, 16))
    entries: Any = redis_db.xrange(STREAM)
    behind = entries[4][0].decode()  # layer 5

    follow = start("follow", "--since", behind, "--decision", "reject", "--count", "2", url=redis_url)

    assert follow.popen.wait(timeout=10) == 0
    assert follow.lines() == [bodies(redis_db)[9], bodies(redis_db)[14]]


def test_following_survives_a_restart_of_redis_without_missing_or_doubling(
    own_redis_server: Server, some_verdict: VerdictMaker, start: Callable[..., Any], eventually: Eventually
) -> None:
    client = Redis.from_url(own_redis_server.url)
    publish(client, some_verdict, range(1, 6))
    follow = start("follow", "--from-start", url=own_redis_server.url)
    eventually(lambda: len(follow.lines()) == 5)

    own_redis_server.stop()
    eventually(lambda: "does not answer" in follow.said())
    own_redis_server.start()
    publish(client, some_verdict, range(6, 11))
    eventually(lambda: len(follow.lines()) >= 10)
    status = follow.stop(signal.SIGINT)

    assert status == 130
    assert follow.lines() == bodies(client)
    assert follow.said().count("does not answer") == 1
    assert follow.said().count("answers again") == 1
    assert "Traceback" not in follow.said()


def test_following_may_begin_before_redis_does(
    own_redis_server: Server, some_verdict: VerdictMaker, start: Callable[..., Any], eventually: Eventually
) -> None:
    own_redis_server.stop()
    follow = start("follow", "--from-start", "--count", "1", url=own_redis_server.url)
    eventually(lambda: "nothing will be missed" in follow.said())

    own_redis_server.start()
    publish(Redis.from_url(own_redis_server.url), some_verdict, range(1, 2))

    assert follow.popen.wait(timeout=15) == 0
    assert len(follow.lines()) == 1


@pytest.mark.parametrize("form", ["--json", "--table"])
def test_a_reader_that_leaves_ends_it_quietly(any_redis: Redis, some_verdict: VerdictMaker, form: str) -> None:
    publish(any_redis, some_verdict, range(1, 3))
    url = "redis://127.0.0.1:{port}/0".format(**any_redis.connection_pool.connection_kwargs)
    with subprocess.Popen(
        [sys.executable, "-m", "monitoring", "follow", "--from-start", form],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as follow:
        assert follow.stdout is not None
        assert follow.stderr is not None
        first = follow.stdout.readline()
        follow.stdout.close()
        publish(any_redis, some_verdict, range(3, 6))
        said = follow.stderr.read()
        status = follow.wait(timeout=10)

    assert first.rstrip(b"\n") == bodies(any_redis)[0] or form == "--table"
    assert (status, said) == (0, b"")


def test_a_table_can_be_had_in_a_pipe_too(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    publish(any_redis, some_verdict, range(4, 6))
    url = "redis://127.0.0.1:{port}/0".format(**any_redis.connection_pool.connection_kwargs)

    follow = start("follow", "--from-start", "--table", "--count", "2", url=url, COLUMNS="120")

    assert follow.popen.wait(timeout=10) == 0
    header, first, second = (line.decode() for line in follow.lines())
    assert header.split()[:2] == ["time", "decision"]
    assert "PASS" in first
    assert "REJECT" in second
    assert "9.00 mm²" in second
    assert "\033" not in first


def test_channel_and_pipe_carry_the_same_letters(
    redis_db: Redis, redis_url: str, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    heard: list[bytes] = []
    listener = redis_db.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis leaves it open
    listener.subscribe(CHANNEL)
    listener.get_message(timeout=1)
    thread = threading.Thread(target=lambda: heard.extend(_messages(listener, 3)))
    thread.start()

    publish(redis_db, some_verdict, range(1, 4))
    follow = start("follow", "--from-start", "--count", "3", url=redis_url)

    assert follow.popen.wait(timeout=10) == 0
    thread.join(timeout=10)
    listener.close()
    assert follow.lines() == heard


def _messages(listener: Any, count: int) -> list[bytes]:  # noqa: ANN401 - redis leaves its type open
    found: list[bytes] = []
    while len(found) < count:
        message = listener.get_message(timeout=5)
        if message is not None:
            found.append(message["data"])
    return found


def test_what_is_no_stream_id_is_misuse(start: Callable[..., Any]) -> None:
    follow = start("follow", "--since", "yesterday", url="redis://127.0.0.1:1/0")

    assert follow.popen.wait(timeout=10) == 2
    assert "expected a stream id" in follow.said()
    assert "Traceback" not in follow.said()


def test_verdicts_that_were_trimmed_before_they_were_read_are_told_of_and_the_rest_is_printed(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    publish(any_redis, some_verdict, range(1, 8))
    entries: Any = any_redis.xrange(STREAM)
    any_redis.xtrim(STREAM, minid=entries[4][0], approximate=False)
    url = "redis://127.0.0.1:{port}/0".format(**any_redis.connection_pool.connection_kwargs)

    follow = start("follow", "--since", entries[1][0].decode(), "--count", "3", url=url)

    assert follow.popen.wait(timeout=10) == 0
    assert follow.lines() == bodies(any_redis)
    assert follow.said().startswith(f"missed: verdicts behind {entries[1][0].decode()} were removed")
    assert len(follow.said().splitlines()) == 1
