"""A promotion while a real worker inspects: no layer is lost, and each verdict names the bundle that judged."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest
from redis import Redis

from layerwatch.job import InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.registry import Registry
from layerwatch.verdict import Verdict
from tests.conftest import write_tiny_bundle

pytestmark = pytest.mark.redis

ROOT = Path(__file__).parents[2]
WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]


class Server(Protocol):
    """What `any_redis_server` of conftest.py gives."""

    url: str


class Worker:
    """A worker process that serves the NAME `tiny`, and what it tells."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as opened:
            command = [sys.executable, "-m", "worker", "run"]
            self.process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=opened, stderr=opened)

    def told(self, event: str) -> list[dict[str, object]]:
        lines = self._log.read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == event]

    def ask(self, path: str) -> str:
        (loaded,) = self.told("model_loaded")
        with urllib.request.urlopen(f"http://127.0.0.1:{loaded['metrics_port']}{path}", timeout=5) as answer:
            return str(answer.read().decode())


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Two good versions, the first in service."""
    registry = Registry(tmp_path / "registry")
    for version in "12":
        registry.publish(write_tiny_bundle(tmp_path / "bundles" / version, version=version))
    registry.promote("tiny", "1")
    return registry


@pytest.fixture
def environment(any_redis: Redis, any_redis_server: Server, registry: Registry, tmp_path: Path) -> dict[str, str]:
    del any_redis
    return {
        **os.environ,
        "REDIS_URL": any_redis_server.url,
        "SOURCES_DIR": str(tmp_path / "incoming"),
        "ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "REGISTRY_DIR": str(registry.root),
        "WORKER_MODEL": "tiny",
        "WORKER_MODEL_CHECK_SECONDS": "0.1",
        "WORKER_THREADS": "1",
        "LOG_FORMAT": "json",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def worker(environment: dict[str, str], tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(environment, tmp_path / "worker.log")
    try:
        until(lambda: bool(worker.told("worker_ready")))
        yield worker
    finally:
        worker.process.kill()
        worker.process.wait()


@pytest.fixture
def inspect(
    any_redis: Redis, sources: Path, write_pictures: WritePictures, some_message: MakeMessage
) -> Callable[[int], str]:
    """Lets a layer be inspected, and returns the bundle that its verdict names."""
    queue = RedisQueue(any_redis)

    def wait_for(layer: int) -> str:
        message = some_message(of=write_pictures(sources, layer=layer))
        queue.enqueue(message)
        until(lambda: message.id in {verdict.id for verdict in published(any_redis)})
        return next(bundle_of(verdict) for verdict in published(any_redis) if verdict.id == message.id)

    return wait_for


def published(client: Redis) -> list[Verdict]:
    return [verdict for _, verdict in RedisResults(client).since("0", wait_seconds=0.001)]


def bundle_of(verdict: Verdict) -> str:
    assert verdict.model is not None
    return verdict.model.bundle


def until(holds: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it does not hold after {seconds} s"
        time.sleep(0.02)


def put_by_hand(registry: Registry, version: str) -> None:
    """Write the pointer, unasked, as a careless person would."""
    (registry.root / "tiny" / "current").write_text(version, encoding="utf-8")


def test_a_promotion_in_the_middle_of_a_backlog_loses_nothing(  # noqa: PLR0917 - fixtures
    any_redis: Redis,
    worker: Worker,
    registry: Registry,
    sources: Path,
    write_pictures: WritePictures,
    some_message: MakeMessage,
) -> None:
    queue = RedisQueue(any_redis)
    sent: list[str] = []

    def send_until(holds: Callable[[], bool]) -> None:
        """Keep a few layers waiting, at least ten in all, as long as it does not hold."""
        enough = len(sent) + 10
        while len(sent) < enough or not holds():
            until(lambda: len(sent) - len(published(any_redis)) < 3)
            message = some_message(of=write_pictures(sources, layer=len(sent) + 1))
            queue.enqueue(message)
            sent.append(message.id)
            assert len(sent) < 2000

    send_until(lambda: True)
    registry.promote("tiny", "2")
    send_until(lambda: len(worker.told("model_swapped")) == 1)
    send_until(lambda: True)
    assert registry.rollback("tiny") == "1"
    send_until(lambda: len(worker.told("model_swapped")) == 2)
    send_until(lambda: True)
    until(lambda: len(published(any_redis)) == len(sent))

    verdicts = published(any_redis)
    assert Counter(verdict.id for verdict in verdicts) == Counter(sent)
    assert {verdict.attempt for verdict in verdicts} == {1}
    bundles = [bundle_of(verdict) for verdict in verdicts]
    changes = [(before, after) for before, after in pairwise(bundles) if before != after]
    assert changes == [("tiny/1", "tiny/2"), ("tiny/2", "tiny/1")]
    assert [(entry["old"], entry["bundle"]) for entry in worker.told("model_swapped")] == changes
    assert 'layerwatch_model_swaps_total{outcome="swapped"} 2.0' in worker.ask("/metrics")
    assert worker.told("attempt_failed") == []


def test_a_broken_bundle_that_was_put_in_by_hand_does_not_stop_the_old_one(
    worker: Worker, registry: Registry, inspect: Callable[[int], str]
) -> None:
    broken = shutil.copytree(registry.place("tiny", "2"), registry.place("tiny", "3"))
    content = (broken / "int8.onnx").read_bytes()
    (broken / "int8.onnx").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    put_by_hand(registry, "3")
    until(lambda: bool(worker.told("model_swap_failed")))
    judged_meanwhile = inspect(1)
    health, metrics = json.loads(worker.ask("/health")), worker.ask("/metrics")
    (broken / "int8.onnx").unlink()
    (broken / "int8.onnx").write_bytes(content)
    until(lambda: bool(worker.told("model_swapped")))

    assert judged_meanwhile == "tiny/1"
    assert "sha256 of int8.onnx" in str(worker.told("model_swap_failed")[0]["reason"])
    assert worker.told("model_swap_failed")[0]["kept"] == "tiny/1"
    assert health["status"] == "ok"
    assert "layerwatch_model_refused 1.0" in metrics
    assert 'layerwatch_model_info{backend="openvino",bundle="tiny/1",precision="int8"} 1.0' in metrics
    assert 'layerwatch_model_swaps_total{outcome="failed"} 0.0' not in metrics
    assert inspect(2) == "tiny/2"  # what its manifest says
    assert "layerwatch_model_refused 0.0" in worker.ask("/metrics")


def test_a_worker_of_a_certain_version_never_swaps(
    environment: dict[str, str], registry: Registry, inspect: Callable[[int], str], tmp_path: Path
) -> None:
    worker = Worker(environment | {"WORKER_MODEL": "tiny/1"}, tmp_path / "worker.log")
    follows = Worker(environment | {"WORKER_NAME": "follows"}, tmp_path / "follows.log")
    try:
        until(lambda: bool(worker.told("worker_ready") and follows.told("worker_ready")))
        registry.promote("tiny", "2")
        until(lambda: bool(follows.told("model_swapped")))
        follows.process.terminate()
        assert follows.process.wait(timeout=20) == 0

        assert inspect(1) == "tiny/1"
        assert worker.told("model_swapped") == []
    finally:
        for each in (worker, follows):
            each.process.kill()
            each.process.wait()


def test_a_worker_does_not_start_with_a_broken_bundle_in_service(
    environment: dict[str, str], registry: Registry
) -> None:
    (registry.place("tiny", "2") / "int8.onnx").unlink()
    put_by_hand(registry, "2")

    command = [sys.executable, "-m", "worker", "run"]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode != 0
    assert "bundle tiny/2: int8.onnx is missing" in ended.stderr
    assert "Traceback" not in ended.stderr
