"""Workers killed with -9, as real processes on a real Redis: every layer gets exactly one verdict."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE, InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.redis_queue import RedisQueue
from layerwatch.verdict import Decision
from tests.worker_processes import (
    ROOT,
    Server,
    children,
    end_of_heartbeats,
    lives,
    nothing_of_rq_is_left,
    poisoned,
    published,
    until,
    with_crashing_decoder,
    with_waiting,
    worker_environment,
)
from worker.popped import PoppedJobs

pytestmark = pytest.mark.redis

CRASHING_WORKER = Path(__file__).with_name("crashing_worker.py")
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
WHILE_ANOTHER_IS_HELD = (
    "worker.popped:PoppedJobs.hold",
    "worker.pipeline:Pipeline._verdict",  # the first is in the making
    "worker.popped:PoppedJobs.still_there",  # the first is published
    "worker.popped:PoppedJobs.let_go",
)
WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]
StartWorker = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(
    any_redis: Redis, any_redis_server: Server, tiny_bundle: Path, tmp_path: Path, sources: Path
) -> Iterator[StartWorker]:
    """Starts workers that notice a death after a second; those that still live are killed at the end."""
    del any_redis, sources
    environment = worker_environment(any_redis_server.url, tmp_path, tiny_bundle)
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
    poison = poisoned(enqueue(1), sources, any_redis)
    crashing = with_crashing_decoder({}, tmp_path)

    assert start_worker(**crashing).wait(timeout=20) == -signal.SIGSEGV
    worker = start_worker(**crashing)
    healthy = [enqueue(layer) for layer in (2, 3)]
    until(lambda: len(published(any_redis)) == 3, seconds=30)

    verdicts = {verdict.id: verdict for verdict in published(any_redis)}
    assert verdicts[poison.id].reasons == (
        "gave up after 2 attempts: the inspection of these pictures crashes (SIGSEGV)",
    )
    assert {verdicts[message.id].decision for message in healthy} == {Decision.REJECT}
    assert worker.poll() is None
    assert [one.id for one in RedisQueue(any_redis).given_up()] == [poison.id]


def test_killing_the_process_that_inspects_or_its_worker_is_not_held_against_the_pictures(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer], tmp_path: Path
) -> None:
    message, held = enqueue(1), tmp_path / "held"
    waiting = with_waiting({}, tmp_path, function="imdecode", while_exists=held)
    any_redis.hset(f"rq:job:{message.id}", "retries_left", 2)  # a worker died over it
    for _ in range(3):
        worker = start_worker(**waiting)
        until(lambda worker=worker: bool(children(worker.pid)), seconds=20)  # type: ignore[misc]
        (inspecting,) = children(worker.pid)
        worker.kill()
        worker.wait()
        until(lambda inspecting=inspecting: not lives(inspecting), seconds=5)  # type: ignore[misc]
    worker = start_worker(**waiting)
    until(lambda: bool(children(worker.pid)), seconds=20)
    (inspecting,) = children(worker.pid)
    os.kill(inspecting, signal.SIGKILL)
    until(lambda: children(worker.pid) not in ([], [inspecting]), seconds=20)
    held.unlink()

    until(lambda: bool(published(any_redis)), seconds=15)
    until(lambda: nothing_of_rq_is_left(any_redis), seconds=5)
    (verdict,) = published(any_redis)
    assert verdict.decision is Decision.REJECT
    assert verdict.attempt == 3


def test_a_layer_that_a_worker_died_over_is_not_read_ahead(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer], sources: Path, tmp_path: Path
) -> None:
    first, poison = enqueue(1), poisoned(enqueue(2), sources, any_redis)
    any_redis.hset(f"rq:job:{poison.id}", "retries_left", 2)

    worker = start_worker(**with_crashing_decoder({}, tmp_path))
    until(lambda: len(published(any_redis)) == 2, seconds=20)

    assert worker.poll() is None
    assert [(verdict.id, verdict.attempt) for verdict in published(any_redis)] == [(first.id, 1), (poison.id, 2)]


def test_a_layer_that_a_worker_left_behind_is_not_read_ahead_again(
    any_redis: Redis, start_worker: StartWorker, enqueue: Callable[[int], InspectLayer], sources: Path, tmp_path: Path
) -> None:
    first, poison = enqueue(1), poisoned(enqueue(2), sources, any_redis)
    queue = Queue(INSPECT_QUEUE, connection=any_redis, serializer=JSONSerializer)
    queue.remove(poison.id)
    any_redis.rpush(queue.intermediate_queue.key, poison.id)  # as a worker leaves it that unpacked it, and died
    assert PoppedJobs(queue).put_back(poison.id, left_behind=True)
    queue.remove(first.id)
    queue.push_job_id(first.id, at_front=True)

    worker = start_worker(**with_crashing_decoder({}, tmp_path))

    assert worker.wait(timeout=20) == -signal.SIGSEGV  # in its own turn
    assert [(verdict.id, verdict.attempt) for verdict in published(any_redis)] == [(first.id, 1)]


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
    assert events == ["engine_chosen", "model_loaded", "worker_ready", "layer_inspected", "worker_stopped"]


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

    assert health == {"status": "ok", "checks": {"redis": True, "model": True, "artifacts": True}}
    assert 'layerwatch_model_info{backend="openvino",bundle="tiny/1",precision="int8"} 1.0' in metrics
    assert 'layerwatch_inspections_total{decision="reject",stage="melt"} 1.0' in metrics
    assert 'layerwatch_inspection_attempts_bucket{le="1.0"} 1.0' in metrics
    assert 'layerwatch_defect_area_ratio_bucket{le="0.1",stage="melt"} 1.0' in metrics
    for step in ("read", "preprocess", "inference", "postprocess", "artifacts", "publish"):
        assert f'layerwatch_inspection_step_seconds_count{{step="{step}"}} 1.0' in metrics
