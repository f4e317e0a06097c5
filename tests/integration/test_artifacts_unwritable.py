"""Real workers whose artifacts lie on a real disk of their own: full, or read-only, and then no more."""

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from layerwatch.job import CANNOT_WRITE, INSPECT_QUEUE, InspectLayer
from layerwatch.verdict import Decision, Verdict
from tests.conftest import free_port
from tests.own_disk import Disk, own_disk
from tests.worker_processes import (
    PoolProcess,
    Server,
    lives,
    nothing_of_rq_is_left,
    published,
    until,
    worker_environment,
)
from worker.attempts import APART, FAILURE

pytestmark = pytest.mark.redis

WHOLE = {"overlay.jpg", "mask.png", "verdict.json"}
Enqueue = Callable[[int], InspectLayer]
StartPool = Callable[..., PoolProcess]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with own_disk(tmp_path / "artifacts") as disk:
        yield disk


@pytest.fixture
def start_pool(  # noqa: PLR0917 - fixtures
    any_redis: Redis, any_redis_server: Server, tmp_path: Path, tiny_bundle: Path, sources: Path, disk: Disk
) -> Iterator[StartPool]:
    del any_redis, sources, disk  # there before the workers, and after them
    environment = {**worker_environment(any_redis_server.url, tmp_path, tiny_bundle), "WORKER_NAME": "hall"}
    started = []

    def start(**settings: str) -> PoolProcess:
        started.append(PoolProcess({**environment, **settings}, tmp_path))
        return started[-1]

    yield start
    for pool in started:
        pool.process.kill()
        pool.process.wait()
    until(lambda: not any(lives(pid) for pool in started for pid in pool.pids()), seconds=15)


def queued(client: Redis) -> list[str]:
    return Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer).get_job_ids()


def said_of_writing(client: Redis) -> list[str]:
    """Return what each worker says of why it cannot write its artifacts, in any order."""
    said = [client.hget(key, CANNOT_WRITE) for key in client.smembers("rq:workers:inspect")]
    return sorted(cast("bytes", words).decode() for words in said)


def asked(port: int, path: str) -> str:
    """Return what a role answers, also where it is not well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as failing:
        with failing:
            return failing.read().decode()


def samples(exposition: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in exposition.splitlines() if not line.startswith("#")]
    return {series: float(value) for series, value in lines}


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def check_whole(verdicts: list[Verdict], folder: Path) -> None:
    """Check that what lies in the folder is what was published, whole, and nothing beside it."""
    for verdict in verdicts:
        layer = folder / verdict.key.folder
        assert {path.name for path in layer.iterdir()} == WHOLE
        assert (layer / "verdict.json").read_bytes() == verdict.to_json().encode()
        overlay, mask = (
            cv2.imread(str(layer / "overlay.jpg")),
            cv2.imread(str(layer / "mask.png"), cv2.IMREAD_GRAYSCALE),
        )
        assert overlay is not None
        assert mask is not None
        assert np.count_nonzero(mask) == 900


def test_layers_printed_while_the_disk_is_full_get_their_verdicts_when_there_is_room(
    any_redis: Redis, start_pool: StartPool, enqueue: Enqueue, disk: Disk
) -> None:
    port = free_port()
    pool = start_pool(WORKER_METRICS_PORT=str(port))
    pool.wait_until_ready()
    disk.fill()

    messages = [enqueue(layer) for layer in range(6)]
    until(lambda: len(pool.log("artifacts_unwritable")) == 2, seconds=20)
    until(lambda: len(queued(any_redis)) == len(messages), seconds=5)  # none is held by a worker that cannot do it
    told = f"cannot write to {disk.folder}: No space left on device; make room there"
    until(lambda: said_of_writing(any_redis) == [told, told], seconds=5)
    health, metrics = json.loads(asked(port, "/health")), samples(asked(port, "/metrics"))
    os.kill(pool.pids()[0], signal.SIGKILL)
    until(lambda: len(pool.log("artifacts_unwritable")) == 3, seconds=20)
    assert published(any_redis) == []
    disk.make_room()
    until(lambda: len(published(any_redis)) == len(messages), seconds=30)
    until(lambda: nothing_of_rq_is_left(any_redis), seconds=10)
    until(lambda: json.loads(asked(port, "/health"))["status"] == "ok", seconds=15)

    verdicts = published(any_redis)
    assert sorted(verdict.id for verdict in verdicts) == sorted(message.id for message in messages)
    assert {(verdict.decision, verdict.attempt) for verdict in verdicts} == {(Decision.REJECT, 1)}
    check_whole(verdicts, disk.folder)
    assert health["checks"] == {"hall-1": False, "hall-2": False, "artifacts": False}
    assert metrics['layerwatch_worker_artifacts_writable{worker="hall-1"}'] == 0
    assert metrics['layerwatch_artifacts_size_bytes{worker="hall-1"}'] == Disk.SIZE
    assert {entry["error"] for entry in pool.log("artifacts_unwritable")} == {told}
    until(lambda: said_of_writing(any_redis) == ["", "", told], seconds=10)  # the last words of the one that was killed
    assert len(pool.log("artifacts_unwritable")) == 3  # once for each process that met it
    assert not pool.log("attempt_failed")
    until(lambda: len(pool.log("artifacts_writable")) == 2, seconds=10)  # the third process was killed


def test_a_folder_that_is_read_only_for_a_while_costs_no_attempt(
    any_redis: Redis, start_pool: StartPool, enqueue: Enqueue, disk: Disk
) -> None:
    pool = start_pool(WORKER_DEAD_AFTER_SECONDS="30")  # a busy machine is no death, which would count
    pool.wait_until_ready()
    disk.lock()
    with stopped(pool.pids()):
        failed_before, died_before = enqueue(1), enqueue(2)
        failure = json.dumps({FAILURE: [1, "OSError: the share is away"]})
        any_redis.hset(f"rq:job:{failed_before.id}", mapping={"retries_left": 2, "meta": failure})
        any_redis.hset(f"rq:job:{died_before.id}", "retries_left", 2)  # so that it goes on in a process of its own
    until(lambda: len(pool.log("artifacts_unwritable")) == 2, seconds=30)
    went_apart = json.loads(cast("bytes", any_redis.hget(f"rq:job:{died_before.id}", "meta")))[APART]

    disk.unlock()
    until(lambda: len(published(any_redis)) == 2, seconds=30)

    assert {verdict.id: verdict.attempt for verdict in published(any_redis)} == {failed_before.id: 2, died_before.id: 2}
    assert went_apart == [2, 0]
    check_whole(published(any_redis), disk.folder)
    errors = {str(entry["error"]) for entry in pool.log("artifacts_unwritable")}
    assert errors == {
        f"cannot write to {disk.folder}: Read-only file system; is it mounted, and may this user write there?"
    }


def test_workers_that_wait_for_room_stop_when_they_are_asked_to(
    any_redis: Redis, start_pool: StartPool, enqueue: Enqueue, disk: Disk
) -> None:
    pool = start_pool()
    pool.wait_until_ready()
    disk.fill()
    messages = [enqueue(layer) for layer in range(4)]
    until(lambda: len(pool.log("artifacts_unwritable")) == 2, seconds=20)

    pool.process.terminate()

    assert pool.process.wait(timeout=10) == 0
    assert len(pool.log("worker_stopped")) == 2
    assert sorted(queued(any_redis)) == sorted(message.id for message in messages)
    assert any_redis.zcard("rq:wip:inspect") == any_redis.llen("rq:queue:inspect:intermediate") == 0
    assert {path for path in disk.folder.rglob("*") if path.is_file()} == {disk.folder / "ballast"}
