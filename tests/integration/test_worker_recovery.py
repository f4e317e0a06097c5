"""Workers killed with -9, as real processes on a real Redis: every layer gets exactly one verdict."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE, InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import LEDGER, REVISIONS, STREAM, RedisResults
from layerwatch.verdict import Decision, Verdict

pytestmark = pytest.mark.redis

CRASHING_WORKER = Path(__file__).with_name("crashing_worker.py")
ROOT = Path(__file__).parents[2]
EVERY_PLACE = (
    "rq.queue:Queue._fetch_dequeued_job",  # popped, and nothing done yet
    "after:worker.service:InspectionWorker.prepare_execution",  # in the registry of started jobs, not yet started
    "after:worker.service:InspectionWorker.prepare_job_execution",  # started
    "worker.pipeline:Pipeline.inspect",
    "worker.pipeline:Pipeline._verdict",  # overlay and mask are written
    "after:worker.pipeline:Pipeline.inspect",  # verdict.json is written, and not published
    "after:worker.jobs:publish",  # published, and not finished
    "worker.service:InspectionWorker.handle_job_success",
)
POISON = b"a decoder crashes on this"
CRASHING_DECODER = f"""
import ctypes, cv2
decode = cv2.imdecode
def crash(buffer, flags):
    return ctypes.string_at(0) if buffer.tobytes().endswith({POISON!r}) else decode(buffer, flags)
cv2.imdecode = crash
"""
WHILE_ANOTHER_IS_HELD = (
    "worker.popped:PoppedJobs.hold",
    "worker.pipeline:Pipeline._verdict",  # the first is in the making
    "worker.popped:PoppedJobs.still_there",  # the first is published
    "worker.popped:PoppedJobs.let_go",
)
WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]
StartWorker = Callable[..., subprocess.Popen[bytes]]


class Server(Protocol):
    """What `any_redis_server` of conftest.py gives."""

    url: str


@pytest.fixture
def start_worker(
    any_redis: Redis, any_redis_server: Server, tiny_bundle: Path, tmp_path: Path, sources: Path
) -> Iterator[StartWorker]:
    """Starts workers that notice a death after a second; those that still live are killed at the end."""
    del any_redis
    environment = {
        **os.environ,
        "REDIS_URL": any_redis_server.url,
        "SOURCES_DIR": str(sources),
        "ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "WORKER_MODEL": str(tiny_bundle),
        "WORKER_THREADS": "1",
        "WORKER_HEARTBEAT_SECONDS": "0.2",
        "WORKER_DEAD_AFTER_SECONDS": "1",
        "WORKER_SWEEP_SECONDS": "0.5",
        "WORKER_RETRY_PAUSE_SECONDS": "0",
        "LOG_FORMAT": "json",
        "PYTHONPATH": str(ROOT),
    }
    started = []

    def start(*, dies_at: str = "", **settings: str) -> subprocess.Popen[bytes]:
        command = [str(CRASHING_WORKER), dies_at] if dies_at else ["-m", "worker", "run"]
        with (tmp_path / "workers.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], env=environment | settings, cwd=ROOT, stdout=log, stderr=log
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def enqueue(
    any_redis: Redis, sources: Path, write_pictures: WritePictures, some_message: MakeMessage
) -> Callable[[int], InspectLayer]:
    queue = RedisQueue(any_redis)

    def put(layer: int) -> InspectLayer:
        message = some_message(of=write_pictures(sources, layer=layer, defect_px=900))
        queue.enqueue(message)
        return message

    return put


def poisoned(message: InspectLayer, sources: Path, client: Redis) -> InspectLayer:
    """Queue a message about the pictures as they are now, with POISON behind the first, in place of the one before."""
    queue = RedisQueue(client)
    raw = Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)
    job = raw.fetch_job(message.id)
    assert job is not None
    job.delete()
    captures = tuple(
        capture.model_copy(update={"sha256": hashlib.sha256((sources / capture.path).read_bytes()).hexdigest()})
        for capture in message.captures
    )
    anew = message.model_copy(update={"captures": captures})
    anew = anew.model_copy(update={"id": anew.layer_set.inspection_id})
    queue.enqueue(anew)
    return anew


def published(client: Redis) -> list[Verdict]:
    return [verdict for _, verdict in RedisResults(client).since("0", wait_seconds=0.001)]


def until(holds: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it does not hold after {seconds} s"
        time.sleep(0.05)


def nothing_of_rq_is_left(client: Redis) -> bool:
    """Whether no job is anywhere; what ends by itself does not count."""
    ours = {STREAM, LEDGER, REVISIONS, "rq:queues", "rq:workers", "rq:workers:inspect"}
    kept = {key.decode() for key in client.scan_iter(count=1000) if client.ttl(key) == -1}
    return kept <= ours


def end_of_heartbeats(client: Redis) -> None:
    """Let the heartbeats of all started jobs end now."""
    script = "for _, job in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], 1, job) end"
    client.eval(script, 1, "rq:wip:inspect")


def test_a_death_at_any_instruction_loses_and_doubles_nothing(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer], tmp_path: Path
) -> None:
    messages = []
    for layer, place in enumerate(EVERY_PLACE):
        messages.append(enqueue(layer))
        dying = start_worker(dies_at=place, WORKER_DEAD_AFTER_SECONDS="60")
        assert dying.wait(timeout=20) == -signal.SIGKILL, place
    # They promised heartbeats for a minute, so that none of them took over what another left.
    end_of_heartbeats(any_redis)

    start_worker()
    until(lambda: len(published(any_redis)) == len(messages), seconds=30)
    until(lambda: nothing_of_rq_is_left(any_redis), seconds=10)

    verdicts = published(any_redis)
    assert Counter(verdict.id for verdict in verdicts) == Counter(message.id for message in messages)
    assert {verdict.decision for verdict in verdicts} == {Decision.REJECT}
    for verdict in verdicts:
        on_disk = tmp_path / "artifacts" / verdict.key.folder / "verdict.json"
        assert on_disk.read_bytes() == verdict.to_json().encode()


@pytest.mark.parametrize("place", WHILE_ANOTHER_IS_HELD)
def test_a_death_costs_the_layer_that_was_read_ahead_no_attempt(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer], place: str
) -> None:
    messages = [enqueue(1), enqueue(2)]
    dying = start_worker(dies_at=place)
    assert dying.wait(timeout=20) == -signal.SIGKILL

    start_worker()
    until(lambda: len(published(any_redis)) == 2, seconds=15)
    until(lambda: nothing_of_rq_is_left(any_redis), seconds=5)

    attempts = {verdict.id: verdict.attempt for verdict in published(any_redis)}
    assert attempts.keys() == {message.id for message in messages}
    assert attempts[messages[1].id] == 1


def test_a_worker_asked_to_stop_puts_back_what_it_read_ahead(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer]
) -> None:
    first, second = enqueue(1), enqueue(2)
    worker = start_worker(dies_at="stopped:worker.popped:PoppedJobs.hold", WORKER_DEAD_AFTER_SECONDS="60")
    assert worker.wait(timeout=20) == 0

    assert [verdict.id for verdict in published(any_redis)] == [first.id]
    queue = Queue(INSPECT_QUEUE, connection=any_redis, serializer=JSONSerializer)
    assert queue.get_job_ids() == [second.id]
    assert any_redis.llen(queue.intermediate_queue.key) == 0


def test_a_worker_killed_in_the_middle_is_replaced_by_one_of_the_same_name(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer]
) -> None:
    message = enqueue(1)
    killed = start_worker(dies_at="worker.pipeline:Pipeline._verdict", WORKER_NAME="hall-2")
    assert killed.wait(timeout=20) == -signal.SIGKILL

    start_worker(WORKER_NAME="hall-2")
    until(lambda: bool(published(any_redis)), seconds=15)
    until(lambda: nothing_of_rq_is_left(any_redis), seconds=5)

    (verdict,) = published(any_redis)
    assert verdict.id == message.id
    assert verdict.worker == "hall-2"
    assert verdict.attempt == 2


def test_a_worker_that_died_while_it_looked_after_others_keeps_nobody_from_it(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer]
) -> None:
    enqueue(1)
    first = start_worker(dies_at="worker.pipeline:Pipeline.inspect")
    assert first.wait(timeout=20) == -signal.SIGKILL
    second = start_worker(dies_at="worker.recovery:Recovery._requeue_started")
    assert second.wait(timeout=20) == -signal.SIGKILL

    start_worker()

    until(lambda: len(published(any_redis)) == 1, seconds=15)
    until(lambda: nothing_of_rq_is_left(any_redis), seconds=5)


def test_pictures_that_crash_the_decoder_cost_one_worker_and_are_quarantined(
    any_redis: Redis,
    start_worker: StartWorker,
    enqueue: Callable[[int], InspectLayer],
    sources: Path,
    tmp_path: Path,
) -> None:
    poison = enqueue(1)
    first = poison.captures[0]
    (sources / first.path).write_bytes((sources / first.path).read_bytes() + POISON)
    poison = poisoned(poison, sources, any_redis)
    (tmp_path / "sitecustomize.py").write_text(CRASHING_DECODER, encoding="utf-8")
    path = f"{tmp_path}{os.pathsep}{ROOT}"

    assert start_worker(PYTHONPATH=path).wait(timeout=20) == -signal.SIGSEGV
    worker = start_worker(PYTHONPATH=path)
    healthy = [enqueue(layer) for layer in (2, 3)]
    until(lambda: len(published(any_redis)) == 3, seconds=30)

    verdicts = {verdict.id: verdict for verdict in published(any_redis)}
    assert verdicts[poison.id].reasons == (
        "gave up after 2 attempts: the inspection of these pictures crashes (SIGSEGV)",
    )
    assert {verdicts[message.id].decision for message in healthy} == {Decision.REJECT}
    assert worker.poll() is None
    assert [one.id for one in RedisQueue(any_redis).given_up()] == [poison.id]


def test_a_layer_is_given_up_when_three_workers_died_over_it(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer]
) -> None:
    message = enqueue(1)
    for _ in range(3):
        dying = start_worker(dies_at="worker.jobs:answer")
        assert dying.wait(timeout=20) == -signal.SIGKILL

    start_worker()
    until(lambda: bool(published(any_redis)), seconds=15)

    (verdict,) = published(any_redis)
    assert verdict.id == message.id
    assert verdict.decision is Decision.INVALID
    assert verdict.reasons == ("gave up after 3 attempts: the worker died each time",)
    until(lambda: [one.id for one in RedisQueue(any_redis).given_up()] == [message.id], seconds=5)


def test_a_job_is_answered_even_if_its_worker_dies_while_giving_up(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer]
) -> None:
    message = enqueue(1)
    any_redis.hset(f"rq:job:{message.id}", "retries_left", 0)
    dying = start_worker(dies_at="worker.jobs:give_up")
    assert dying.wait(timeout=20) == -signal.SIGKILL

    start_worker()
    until(lambda: bool(published(any_redis)), seconds=15)

    (verdict,) = published(any_redis)
    assert verdict.decision is Decision.INVALID


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_stop_ends_the_worker_cleanly(
    any_redis: Redis,
    start_worker: StartWorker,
    enqueue: Callable[[int], InspectLayer],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    enqueue(1)
    worker = start_worker()
    until(lambda: bool(published(any_redis)), seconds=15)

    worker.send_signal(number)

    assert worker.wait(timeout=10) == 0
    lines = (tmp_path / "workers.log").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert events == ["model_loaded", "worker_ready", "layer_inspected", "worker_stopped"]


def test_health_and_metrics_are_served(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer]
) -> None:
    enqueue(1)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    start_worker(WORKER_METRICS_PORT=str(port))
    until(lambda: bool(published(any_redis)), seconds=15)

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        health = json.load(answer)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        metrics = answer.read().decode()

    assert health == {"status": "ok", "checks": {"redis": True, "model": True}}
    assert 'layerwatch_model_info{backend="openvino",bundle="tiny/1",precision="int8"} 1.0' in metrics
    assert 'layerwatch_inspections_total{decision="reject",stage="melt"} 1.0' in metrics
    assert 'layerwatch_inspection_attempts_bucket{le="1.0"} 1.0' in metrics
    assert 'layerwatch_defect_area_ratio_bucket{le="0.1",stage="melt"} 1.0' in metrics
    for step in ("read", "preprocess", "inference", "postprocess", "artifacts", "publish"):
        assert f'layerwatch_inspection_step_seconds_count{{step="{step}"}} 1.0' in metrics
