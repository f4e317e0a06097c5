"""Sentinels name another master: clients follow it, and what was written before is there."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from layerwatch.job import InspectLayer
from layerwatch.redis_connection import UNAVAILABLE, answers, connect
from layerwatch.redis_pictures import RedisPictures
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict

pytestmark = pytest.mark.redis
PATIENCE = 20.0
LOGIN = "hunter2"
SENTINEL_LOGIN = "hunter3"


@dataclass
class Site:
    """A master, its replica, and a sentinel, all of which ask for a password."""

    url: str
    master: subprocess.Popen[bytes]
    sentinel: Redis

    def master_port(self) -> int:
        state = cast("dict[str, dict[str, int]]", self.sentinel.sentinel_masters())
        return int(state["plant"]["port"])


def start(folder: Path, stack: ExitStack, *lines: str, sentinel: bool = False) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server with a configuration of its own on a free port, and return when it answers."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    if binary is None:
        pytest.skip("no redis-server on this machine")
    port = free_port()
    configuration = folder / f"{port}.conf"
    password = SENTINEL_LOGIN if sentinel else LOGIN
    configuration.write_text(
        "\n".join((f"port {port}", "bind 127.0.0.1", f"dir {folder}", f"requirepass {password}", *lines))
    )
    with (folder / f"{port}.log").open("wb") as log:
        command = [binary, str(configuration), *(["--sentinel"] if sentinel else [])]
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    with Redis(port=port, password=password) as client:
        wait_until(lambda: answers(client))
    return process, port


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(*UNAVAILABLE):  # and nothing else: the roles wait out no more than that
            if holds():
                return
        time.sleep(0.05)
    raise AssertionError("it does not hold after twenty seconds")


def may_be_promoted(replicas: list[dict[str, object]]) -> bool:
    """Whether the sentinel has asked the replica how it is, and found it well."""
    return [each["master-link-status"] for each in replicas] == ["ok"] and "down" not in str(replicas[0]["flags"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        quiet = ("save ''", f"masterauth {LOGIN}", "repl-diskless-sync-delay 0")
        master, port = start(tmp_path, stack, *quiet)
        _, replica_port = start(tmp_path, stack, *quiet, f"replicaof 127.0.0.1 {port}")
        watching = (
            f"sentinel monitor plant 127.0.0.1 {port} 1",
            f"sentinel auth-pass plant {LOGIN}",
            "sentinel down-after-milliseconds plant 500",
            "sentinel failover-timeout plant 5000",
        )
        with Redis(port=replica_port, password=LOGIN) as replica:
            wait_until(lambda: replica.info("replication")["master_link_status"] == "up")
        _, sentinel_port = start(tmp_path, stack, *watching, sentinel=True)
        sentinel = stack.enter_context(Redis(port=sentinel_port, password=SENTINEL_LOGIN))
        wait_until(lambda: may_be_promoted(cast("Any", sentinel.sentinel_slaves("plant"))))
        away = free_port()
        url = (
            f"redis+sentinel://:{LOGIN}@127.0.0.1:{away},127.0.0.1:{sentinel_port}/plant/0"
            f"?sentinel_password={SENTINEL_LOGIN}"
        )
        yield Site(url, master, sentinel)


def test_a_killed_master_is_replaced_and_nothing_that_it_passed_on_is_lost(
    site: Site, some_message: Callable[..., InspectLayer], verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    first, second = some_message(layer=1), some_message(layer=2)
    with connect(site.url) as client:
        queue, results, pictures = RedisQueue(client), RedisResults(client), RedisPictures(client)
        pictures.reserve(first.id, {"a" * 64: 3}, live=True)
        pictures.put("a" * 64, b"abc")
        queue.enqueue(first)
        results.publish(verdict_about(first))
        assert client.wait(1, 5000) == 1

        site.master.send_signal(signal.SIGKILL)
        wait_until(lambda: queue.enqueue(second) or queue.holds(second.id))

        assert queue.depth() == 2
        assert queue.holds(first.id)
        assert pictures.get("a" * 64) == b"abc"
        assert not results.publish(verdict_about(first))
        assert results.publish(verdict_about(second))
        told = [verdict.id for _, verdict in results.since("0", wait_seconds=0.01)]
    assert told == [first.id, second.id]


def test_a_client_leaves_a_master_that_became_a_replica(
    site: Site, some_message: Callable[..., InspectLayer], verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    before = site.master_port()
    with connect(site.url) as client:
        results = RedisResults(client)
        results.publish(verdict_about(some_message(layer=1)))
        assert client.wait(1, 5000) == 1

        site.sentinel.execute_command("SENTINEL", "FAILOVER", "plant")  # type: ignore[no-untyped-call]
        wait_until(lambda: site.master_port() != before)
        with Redis(port=before, password=LOGIN) as old:  # as the sentinel does some seconds later
            old.replicaof("127.0.0.1", site.master_port())
        wait_until(lambda: results.publish(verdict_about(some_message(layer=2))))

        told = [verdict.layer for _, verdict in results.since("0", wait_seconds=0.01)]
        assert client.info("replication")["role"] == "master"
    assert told == [1, 2]
    assert site.master.poll() is None
