"""Each layer set has exactly one verdict, whatever is killed, restarted or promoted while 500 of them are inspected.

The four workers of a pool are killed with -9 every few seconds. Redis, with an append-only file that is flushed once a
second, is restarted twice by SIGTERM: it writes all that it acknowledged before it ends, which a kill would not let it.
A new version of the model is promoted, and one picture crashes the decoder.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import cv2
import pytest
from redis import Redis

from layerwatch.job import InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.redis_queue import RedisQueue
from layerwatch.registry import Registry
from layerwatch.verdict import Decision, Verdict
from layerwatch.verdict_stream import STREAM
from tests.conftest import RedisServer, write_tiny_bundle
from tests.worker_processes import (
    POISON,
    PoolProcess,
    bodies,
    lives,
    nothing_of_rq_is_left,
    published,
    until,
    with_crashing_decoder,
    worker_environment,
)

pytestmark = [pytest.mark.e2e, pytest.mark.redis, pytest.mark.timeout(420)]
SEED = int(os.environ.get("LAYERWATCH_CHAOS_SEED", "7"))
SETS, WORKERS = 500, 4
LAST_SETS = 50  # are printed when all has happened that is to happen
POISONED_LAYER = 200
SIZE = (320, 400)
DECISIONS = {Decision.PASS: 0, Decision.REVIEW: 100, Decision.REJECT: 900}  # in turn, and the px that make them
RESTARTS_AT, PROMOTION_AT = (120, 330), 230  # verdicts
AWAY_SECONDS = 1.5
KILL_PAUSES = (2.0, 4.0)
PATIENCE = 240.0
TAIL_LINES = 60

WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry in which the second version of a model waits to be promoted."""
    registry = Registry(tmp_path / "registry")
    for version in ("1", "2"):
        registry.publish(write_tiny_bundle(tmp_path / f"tiny-{version}", version=version))
    registry.promote("tiny", "1")
    return registry


@pytest.fixture
def messages(sources: Path, write_pictures: WritePictures, some_message: MakeMessage) -> list[InspectLayer]:
    """The layer sets; their pictures are few, each told from its copies by the bytes behind it."""
    originals = [
        write_pictures(sources, build="originals", layer=number, defect_px=defect_px, size=SIZE)
        for number, defect_px in enumerate(DECISIONS.values())
    ]
    return [some_message(of=copied(originals[layer % len(originals)], layer, sources)) for layer in range(SETS)]


def copied(original: LayerSet, layer: int, sources: Path) -> LayerSet:
    """Return the set as another layer, written into the folder; one of them is poison."""
    captures = []
    for capture in original.captures:
        path = sources / "job42" / f"B{layer:04d}{capture.light}.PNG"
        path.parent.mkdir(exist_ok=True)
        content = (sources / capture.path).read_bytes() + str(layer).encode()
        content += POISON if layer == POISONED_LAYER else b""
        path.write_bytes(content)
        anew = replace(capture, path=f"job42/{path.name}", sha256=sha256(content).hexdigest())
        captures.append(anew)
    return LayerSet(
        key=replace(original.key, build="job42", layer=layer),
        captures=tuple(captures),
        expected_lights=original.expected_lights,
    )


@pytest.fixture
def pool(own_redis_server: RedisServer, registry: Registry, sources: Path, tmp_path: Path) -> Iterator[PoolProcess]:
    del sources
    environment = worker_environment(own_redis_server.url, tmp_path, "tiny")
    environment |= {
        "REGISTRY_DIR": str(registry.root),
        "WORKER_NAME": "hall",
        "WORKER_HEARTBEAT_SECONDS": "0.5",
    }
    pool = PoolProcess(with_crashing_decoder(environment, tmp_path), tmp_path, workers=WORKERS)
    yield pool
    pool.process.kill()
    pool.process.wait()
    print(f"seed {SEED}, the last lines of the log:", *pool.text().splitlines()[-TAIL_LINES:], sep="\n")  # noqa: T201 - shown where the test failed


class Chaos:
    """What happens to the system, in the order of a seed."""

    def __init__(self, pool: PoolProcess, server: RedisServer, registry: Registry) -> None:
        self._pool = pool
        self._server = server
        self._registry = registry
        self._random = random.Random(SEED)
        self._next_kill = time.monotonic() + self._pause()
        self._restarts = list(RESTARTS_AT)
        self._promoted = False
        self._kills = 0

    def _pause(self) -> float:
        return self._random.uniform(*KILL_PAUSES)

    @property
    def is_over(self) -> bool:
        """Whether all of it happened, and the pool noticed every death."""
        return not self._restarts and self._promoted and len(self._pool.log("worker_died")) > self._kills >= 5

    def strike(self, done: int) -> None:
        """Do what is due when so many verdicts are there."""
        if self._restarts and done >= self._restarts[0]:
            del self._restarts[0]
            self._server.stop()
            time.sleep(AWAY_SECONDS)
            self._server.start()
        if not self._promoted and done >= PROMOTION_AT:
            self._registry.promote("tiny", "2")
            self._promoted = True
        if time.monotonic() >= self._next_kill:
            self._kill_a_worker()
            self._next_kill = time.monotonic() + self._pause()

    def _kill_a_worker(self) -> None:
        """Kill one of the two that live longest: where all die young, the pool takes its time to start more."""
        pids = [pid for pid in self._pool.pids() if lives(pid)]
        if pids:
            os.kill(self._random.choice(pids[:2]), signal.SIGKILL)
            self._kills += 1


@pytest.fixture
def client(own_redis_server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(own_redis_server.url) as client:
        yield client


def test_each_layer_set_has_one_verdict_whatever_is_killed_restarted_or_promoted(  # noqa: PLR0917 - fixtures
    pool: PoolProcess,
    own_redis_server: RedisServer,
    registry: Registry,
    messages: list[InspectLayer],
    client: Redis,
    tmp_path: Path,
) -> None:
    queue = RedisQueue(client)
    now, later = messages[:-LAST_SETS], messages[-LAST_SETS:]
    assert all(queue.enqueue(message) for message in now)

    chaos = Chaos(pool, own_redis_server, registry)
    deadline = time.monotonic() + PATIENCE
    while (done := client.xlen(STREAM)) < SETS and time.monotonic() < deadline:
        chaos.strike(done)
        if later and chaos.is_over:  # a fast machine would be through before enough of them were killed
            assert all(queue.enqueue(message) for message in later)
            later = []
        time.sleep(0.05)

    verdicts = published(client)
    assert chaos.is_over
    # Once where it was read ahead, and once in its own turn; then a process of its own unpacks it.
    assert [death["status"] for death in pool.log("worker_died")].count("SIGSEGV") <= 2
    assert Counter(verdict.id for verdict in verdicts) == Counter(message.id for message in messages)
    assert_only_the_poison_was_given_up(verdicts, queue)
    until(lambda: nothing_of_rq_is_left(client), seconds=30)
    assert_artifacts_are_those_of_the_stream(client, tmp_path / "artifacts")
    assert {verdict.model.bundle for verdict in verdicts if verdict.model} == {"tiny/1", "tiny/2"}
    pool.process.terminate()
    assert pool.process.wait(timeout=60) == 0


def assert_only_the_poison_was_given_up(verdicts: list[Verdict], queue: RedisQueue) -> None:
    """Compare all decisions with what the pictures show, and empty the quarantine."""
    expected = {layer: list(DECISIONS)[layer % len(DECISIONS)] for layer in range(SETS)}
    expected[POISONED_LAYER] = Decision.INVALID
    found = {verdict.layer: verdict for verdict in verdicts}
    assert {
        layer: (verdict.decision, verdict.reasons)
        for layer, verdict in found.items()
        if verdict.decision is not expected[layer]
    } == {}
    poison = found[POISONED_LAYER]
    assert "the inspection of these pictures crashes (SIGSEGV)" in poison.reasons[0]
    assert [one.id for one in queue.given_up()] == [poison.id]
    assert queue.forget(poison.id)


def assert_artifacts_are_those_of_the_stream(client: Redis, artifacts: Path) -> None:
    for body in bodies(client):
        verdict = Verdict.from_json(body)
        folder = artifacts / verdict.key.folder
        assert (folder / "verdict.json").read_bytes() == body, verdict.id
        if verdict.layer != POISONED_LAYER:
            mask = cv2.imread(str(folder / "mask.png"), cv2.IMREAD_GRAYSCALE)
            assert mask is not None
            assert mask.shape == SIZE
            assert bool(mask.any()) is (verdict.decision is not Decision.PASS)
            assert cv2.imread(str(folder / "overlay.jpg")) is not None
