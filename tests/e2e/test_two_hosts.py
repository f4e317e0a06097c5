"""Two hosts share one Redis and the folders; one is cut off from the network while it inspects, and comes back.

A host is a network namespace of Linux, joined by a cable of its own to the machine that Redis runs on.
"""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis

from layerwatch.job import InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.redis_queue import RedisQueue
from layerwatch.verdict import Decision, Verdict
from tests.conftest import RedisServer, any_server_binary, running_server
from tests.worker_processes import (
    ROOT,
    bodies,
    nothing_of_rq_is_left,
    published,
    until,
    with_waiting,
    worker_environment,
)

pytestmark = [pytest.mark.e2e, pytest.mark.redis]
DEAD_AFTER_SECONDS = 2
LAYERS = 12


class Host:
    """A network namespace and its cable; addresses are of the range that RFC 2544 keeps for tests."""

    def __init__(self, number: int, stack: ExitStack) -> None:
        """Lay the cable.

        Raises:
            PermissionError: this user or this machine may not.
        """
        self.name = f"lw{os.getpid()}-{number}"
        self.redis_address, address = f"198.18.{number}.1", f"198.18.{number}.2"
        self._plug, inner = f"{self.name}p", f"{self.name}h"
        stack.callback(subprocess.run, ["ip", "netns", "del", self.name], capture_output=True, check=False)
        ip("netns", "add", self.name)
        stack.callback(subprocess.run, ["ip", "link", "del", self._plug], capture_output=True, check=False)
        ip("link", "add", self._plug, "type", "veth", "peer", "name", inner, "netns", self.name)
        ip("address", "add", f"{self.redis_address}/30", "dev", self._plug)
        ip("-netns", self.name, "address", "add", f"{address}/30", "dev", inner)
        ip("-netns", self.name, "link", "set", "lo", "up")
        ip("-netns", self.name, "link", "set", inner, "up")
        self.plug_in()

    def plug_in(self) -> None:
        ip("link", "set", self._plug, "up")

    def unplug(self) -> None:
        ip("link", "set", self._plug, "down")

    def start_worker(self, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Start a worker on this host; the process is the worker itself."""
        command = ["ip", "netns", "exec", self.name, sys.executable, "-m", "worker", "run"]
        with log.open("ab") as lines:
            return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=lines, stderr=lines)


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PermissionError(f"ip {' '.join(words)}: {done.stderr.strip()}")


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    if shutil.which("ip") is None:
        pytest.skip("there is no ip (Debian: iproute2)")
    with ExitStack() as stack:
        try:
            pair = Host(1, stack), Host(2, stack)
        except PermissionError as error:
            pytest.skip(f"no network namespaces here: {error}")
        yield pair


@pytest.fixture
def server(hosts: tuple[Host, Host], tmp_path: Path) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with running_server(any_server_binary(), folder, also_on=[host.redis_address for host in hosts]) as server:
        yield server


@pytest.fixture
def start_worker(server: RedisServer, tiny_bundle: Path, tmp_path: Path) -> Iterator[Callable[..., object]]:
    """Starts the worker of a host; if a file is named, it finishes no inspection as long as that exists."""
    started = []

    def start(host: Host, name: str, *, held_while: Path | None = None) -> subprocess.Popen[bytes]:
        url = f"redis://{host.redis_address}:{server.port}/0"
        environment = worker_environment(url, tmp_path, tiny_bundle)
        environment |= {"WORKER_NAME": name, "WORKER_DEAD_AFTER_SECONDS": str(DEAD_AFTER_SECONDS)}
        if held_while is not None:
            environment = with_waiting(environment, tmp_path, function="imencode", while_exists=held_while)
        started.append(host.start_worker(environment, tmp_path / f"{name}.log"))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_host_that_is_cut_off_while_it_inspects_loses_and_doubles_nothing(  # noqa: PLR0917 - fixtures
    hosts: tuple[Host, Host],
    server: RedisServer,
    start_worker: Callable[..., subprocess.Popen[bytes]],
    write_pictures: Callable[..., LayerSet],
    some_message: Callable[..., InspectLayer],
    tmp_path: Path,
) -> None:
    sources, held = tmp_path / "incoming", tmp_path / "held"
    with Redis.from_url(server.url) as client:
        queue = RedisQueue(client)

        def enqueue(*layers: int) -> list[InspectLayer]:
            messages = [some_message(of=write_pictures(sources, layer=layer, defect_px=900)) for layer in layers]
            assert all(queue.enqueue(message) for message in messages)
            return messages

        messages = enqueue(*range(LAYERS))
        cut = start_worker(hosts[0], "cut", held_while=held)
        until(lambda: client.zcard("layerwatch:held") == 1, seconds=60)  # one in hand, and one read ahead
        other = start_worker(hosts[1], "other")
        until(lambda: len(published(client)) >= LAYERS // 2, seconds=60)

        hosts[0].unplug()
        until(lambda: len(published(client)) == LAYERS, seconds=60)  # the other takes over what the cut one has
        held.unlink()
        time.sleep(DEAD_AFTER_SECONDS)
        hosts[0].plug_in()
        until(lambda: "job_taken_over" in (tmp_path / "cut.log").read_text(), seconds=60)

        other.terminate()
        assert other.wait(timeout=20) == 0
        messages += enqueue(*range(LAYERS, LAYERS + 3))
        until(lambda: len(published(client)) == len(messages), seconds=60)
        until(lambda: nothing_of_rq_is_left(client), seconds=10)

        verdicts = published(client)
        assert Counter(verdict.id for verdict in verdicts) == Counter(message.id for message in messages)
        assert {verdict.decision for verdict in verdicts} == {Decision.REJECT}
        assert {verdict.worker for verdict in verdicts[:LAYERS]} == {"other"}
        assert {verdict.worker for verdict in verdicts[LAYERS:]} == {"cut"}
        for body in bodies(client):
            folder = tmp_path / "artifacts" / Verdict.from_json(body).key.folder
            assert (folder / "verdict.json").read_bytes() == body
        assert "Traceback" not in (tmp_path / "cut.log").read_text()
        cut.terminate()
        assert cut.wait(timeout=20) == 0
