"""The programs of docs/subscribing.md as processes that are killed again and again: every verdict once, in order."""

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from redis import Redis

from layerwatch.redis_results import RedisResults
from layerwatch.results import Entry
from tests.publisher import Publisher, Server, VerdictOf
from tests.subscribing_page import program

pytestmark = pytest.mark.redis

ROOT = Path(__file__).parents[3]
PACKAGE = Path(__file__).parent / "node"
VERDICTS = 1000
SECONDS_A_VERDICT = 0.005
MOST_A_LIFE = 120  # verdicts between a start and a kill
LEAST_KILLS = 8
PATIENCE = 60.0

Command = list[str]


@pytest.fixture(scope="session")
def python_subscriber(tmp_path_factory: pytest.TempPathFactory) -> Command:
    path = tmp_path_factory.mktemp("python-subscriber") / "keep.py"
    path.write_text(program("# keep.py"), encoding="utf-8")
    return [sys.executable, str(path)]


@pytest.fixture(scope="session")
def node_subscriber(tmp_path_factory: pytest.TempPathFactory) -> Command:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no node and npm on this machine; apt-get install nodejs npm")
    folder = tmp_path_factory.mktemp("node-subscriber")
    shutil.copytree(PACKAGE, folder, dirs_exist_ok=True)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install the package redis: {done.stderr.strip().splitlines()[-1]}")
    (folder / "keep.mjs").write_text(program("// keep.mjs"), encoding="utf-8")
    return ["node", str(folder / "keep.mjs")]


class Subscriber:
    """One program that keeps verdicts in a file, and how often it was killed."""

    def __init__(self, command: Command, kept: Path, url: str) -> None:
        self._command = [*command, str(kept)]
        self.kept = kept
        self._environment = {**os.environ, "REDIS_URL": url, "PYTHONPATH": str(ROOT)}
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> None:
        with self.kept.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        self._process.kill()
        self._process.wait()
        self.kills += 1

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait(timeout=PATIENCE)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def lines(self) -> list[str]:
        text = self.kept.read_text(encoding="utf-8") if self.kept.exists() else ""
        return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def said(self) -> str:
        return self.kept.with_suffix(".log").read_text(encoding="utf-8")

    def wait_for(self, lines: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while len(self.lines()) < lines:
            assert time.monotonic() < deadline, f"{len(self.lines())} of {lines} verdicts; {self.said()}"
            time.sleep(0.01)


@pytest.fixture(params=["python", "node"])
def command(request: pytest.FixtureRequest) -> Command:
    return cast("Command", request.getfixturevalue(f"{request.param}_subscriber"))


@pytest.fixture
def subscribe(command: Command, tmp_path: Path) -> Iterator[Callable[[str], Subscriber]]:
    """Makes a subscriber to the Redis at a URL; it is killed at the end."""
    made: list[Subscriber] = []

    def make(url: str) -> Subscriber:
        made.append(Subscriber(command, tmp_path / "kept", url))
        return made[-1]

    yield make
    for subscriber in made:
        subscriber.end()


def kill_at_random(subscriber: Subscriber, rng: random.Random) -> None:
    """Start a subscriber and kill it, before its first verdict or after some, until it has all of them."""
    while len(subscriber.lines()) < VERDICTS:
        subscriber.start()
        if rng.random() < 0.2:
            time.sleep(rng.uniform(0.0, 0.4))
        else:
            subscriber.wait_for(min(VERDICTS, len(subscriber.lines()) + rng.randint(1, MOST_A_LIFE)))
        subscriber.kill()


def as_kept(entries: Sequence[Entry]) -> list[str]:
    return [f"{entry.cursor} {entry.body.decode()}\n" for entry in entries]


def test_a_subscriber_that_is_killed_again_and_again_has_every_verdict_once_and_in_order(
    publisher: Publisher, verdict_of: VerdictOf, subscribe: Callable[[str], Subscriber]
) -> None:
    subscriber = subscribe(publisher.url)

    def publish() -> None:
        results = RedisResults(publisher.redis)
        for layer in range(VERDICTS):
            results.publish(verdict_of(layer))
            time.sleep(SECONDS_A_VERDICT)

    publishing = threading.Thread(target=publish)
    publishing.start()
    kill_at_random(subscriber, random.Random(7))
    publishing.join()

    assert subscriber.lines() == as_kept(publisher.entries())
    assert len(subscriber.lines()) == VERDICTS
    assert subscriber.kills >= LEAST_KILLS


def test_a_line_that_a_kill_left_half_written_is_written_again(
    publisher: Publisher, subscribe: Callable[[str], Subscriber]
) -> None:
    lines = as_kept(publisher.publish(5))
    subscriber = subscribe(publisher.url)
    subscriber.kept.write_text("".join(lines[:3]) + lines[3][:40], encoding="utf-8")

    subscriber.start()
    subscriber.wait_for(5)

    assert subscriber.kept.read_text(encoding="utf-8") == "".join(lines)


def test_a_subscriber_goes_on_when_redis_is_back(
    own_redis_server: Server,
    verdict_of: VerdictOf,
    subscribe: Callable[[str], Subscriber],
) -> None:
    with Redis.from_url(own_redis_server.url) as client:
        here = Publisher(client, verdict_of)
        subscriber = subscribe(own_redis_server.url)
        here.publish(3)
        subscriber.start()
        subscriber.wait_for(3)

        own_redis_server.stop()
        own_redis_server.start()
        here.publish(3)
        subscriber.wait_for(6)

        assert subscriber.lines() == as_kept(here.entries())


@pytest.mark.parametrize("loss", ["trimmed", "emptied", "begun anew"])
def test_a_subscriber_that_cannot_have_all_of_them_ends_and_says_so(
    publisher: Publisher, subscribe: Callable[[str], Subscriber], loss: str
) -> None:
    entries = publisher.publish(6)
    kept = "".join(as_kept(entries[:2]))
    subscriber = subscribe(publisher.url)
    subscriber.kept.write_text(kept, encoding="utf-8")
    if loss == "trimmed":
        publisher.trim_to(entries[4])
    elif loss == "emptied":
        publisher.redis.flushall()
    else:
        publisher.begin_anew()

    subscriber.start()

    assert subscriber.wait() != 0
    assert "Missed" in subscriber.said()
    assert subscriber.kept.read_text(encoding="utf-8") == kept
