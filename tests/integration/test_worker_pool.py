"""A pool of workers, as real processes on a real Redis: shared work, deaths, and every way to end."""

import json
import os
import signal
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE, InspectLayer
from layerwatch.verdict import Decision
from tests.conftest import free_port
from tests.worker_processes import (
    PoolProcess,
    Server,
    lives,
    nothing_of_rq_is_left,
    published,
    until,
    worker_environment,
)

pytestmark = pytest.mark.redis


# Where nobody is to die: no worker takes a slow one for dead, however busy the machine is.
PATIENT = {"WORKER_DEAD_AFTER_SECONDS": "30", "WORKER_SWEEP_SECONDS": "10"}


@pytest.fixture
def environment(any_redis_server: Server, tmp_path: Path, tiny_bundle: Path) -> dict[str, str]:
    settings = worker_environment(any_redis_server.url, tmp_path, tiny_bundle)
    return {**settings, "WORKER_NAME": "hall", "WORKER_THREADS": "0"}


@pytest.fixture
def start_pool(
    any_redis: Redis, environment: dict[str, str], tmp_path: Path, sources: Path
) -> Iterator[Callable[..., PoolProcess]]:
    del any_redis, sources
    started = []

    def start(**settings: str) -> PoolProcess:
        started.append(PoolProcess({**environment, **settings}, tmp_path))
        return started[-1]

    yield start
    for pool in started:
        pool.process.kill()  # and its workers end by themselves, as a test below shows
        pool.process.wait()
    until(lambda: not any(lives(pid) for pool in started for pid in pool.pids()), seconds=15)


def test_two_workers_share_a_queue_and_one_target_answers_for_both(
    any_redis: Redis, start_pool: Callable[..., PoolProcess], enqueue: Callable[[int], InspectLayer]
) -> None:
    port = free_port()
    pool = start_pool(WORKER_METRICS_PORT=str(port))
    pool.wait_until_ready()

    messages = [enqueue(layer) for layer in range(20)]
    until(lambda: len(published(any_redis)) == len(messages), seconds=30)

    verdicts = published(any_redis)
    assert Counter(verdict.id for verdict in verdicts) == Counter(message.id for message in messages)
    assert {verdict.worker for verdict in verdicts} == {"hall-1", "hall-2"}
    threads = {entry["threads"] for entry in pool.log("worker_started")}
    assert threads == {max(1, len(os.sched_getaffinity(0)) // 2)}
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        assert json.load(answer) == {"status": "ok", "checks": {"hall-1": True, "hall-2": True, "artifacts": True}}
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        metrics = answer.read().decode().splitlines()
    assert "layerwatch_pool_workers 2.0" in metrics
    done = Counter(verdict.worker for verdict in verdicts)
    for worker, count in done.items():
        line = f'layerwatch_inspections_total{{decision="reject",stage="melt",worker="{worker}"}} {float(count)}'
        assert line in metrics


def test_a_killed_worker_is_replaced_under_its_name_and_nothing_is_lost_or_doubled(
    any_redis: Redis, start_pool: Callable[..., PoolProcess], enqueue: Callable[[int], InspectLayer]
) -> None:
    pool = start_pool()
    pool.wait_until_ready()
    victim = pool.log("worker_started")[0]

    messages = [enqueue(layer) for layer in range(30)]
    until(lambda: len(published(any_redis)) >= 3, seconds=15)
    os.kill(int(str(victim["pid"])), signal.SIGKILL)
    pool.wait_until_ready(workers=3)
    messages += [enqueue(layer) for layer in range(30, 40)]
    until(lambda: len(published(any_redis)) == len(messages), seconds=30)
    until(lambda: nothing_of_rq_is_left(any_redis), seconds=10)

    assert Counter(verdict.id for verdict in published(any_redis)) == Counter(message.id for message in messages)
    assert {verdict.decision for verdict in published(any_redis)} == {Decision.REJECT}
    (death,) = pool.log("worker_died")
    assert (death["worker"], death["status"]) == (victim["worker"], "SIGKILL")
    assert pool.log("worker_started")[2]["worker"] == victim["worker"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_stop_lets_all_finish_and_ends_with_status_0(
    any_redis: Redis,
    start_pool: Callable[..., PoolProcess],
    enqueue: Callable[[int], InspectLayer],
    number: signal.Signals,
) -> None:
    pool = start_pool(**PATIENT)
    pool.wait_until_ready()
    messages = {enqueue(layer).id for layer in range(40)}
    until(lambda: len(published(any_redis)) >= 3, seconds=15)

    pool.process.send_signal(number)

    assert pool.process.wait(timeout=20) == 0
    assert not any(map(lives, pool.pids()))
    assert len(pool.log("worker_stopped")) == 2
    assert pool.log()[-1]["event"] == "pool_stopped"
    assert not pool.log("worker_died")
    done = {verdict.id for verdict in published(any_redis)}
    assert done | set(waiting(any_redis)) == messages
    assert any_redis.zcard("rq:wip:inspect") == any_redis.llen("rq:queue:inspect:intermediate") == 0


def waiting(client: Redis) -> list[str]:
    return Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer).get_job_ids()


def test_a_second_request_to_stop_does_not_wait(start_pool: Callable[..., PoolProcess]) -> None:
    pool = start_pool()
    pool.wait_until_ready()
    os.kill(pool.pids()[0], signal.SIGSTOP)  # it finishes nothing
    pool.process.terminate()
    until(lambda: not lives(pool.pids()[1]), seconds=15)
    assert pool.process.poll() is None

    pool.process.terminate()

    assert pool.process.wait(timeout=10) == 0
    until(lambda: not lives(pool.pids()[0]), seconds=5)
    assert "hall-1" in [entry["worker"] for entry in pool.log("worker_killed")]


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("WORKER_PRECISION", "int4", "error: WORKER_PRECISION: "),
        ("WORKER_MODEL", "nowhere", "error: there is no model 'nowhere'"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_pool_with_status_2_and_its_message(
    start_pool: Callable[..., PoolProcess], setting: str, value: str, message: str
) -> None:
    pool = start_pool(**{setting: value})

    assert pool.process.wait(timeout=30) == 2
    assert message in pool.text()
    assert "Traceback" not in pool.text()
    assert not any(map(lives, pool.pids()))


def test_workers_whose_pool_was_killed_finish_what_they_have_and_end(
    any_redis: Redis, start_pool: Callable[..., PoolProcess], enqueue: Callable[[int], InspectLayer]
) -> None:
    pool = start_pool(**PATIENT)
    pool.wait_until_ready()
    messages = {enqueue(layer).id for layer in range(40)}
    until(lambda: len(published(any_redis)) >= 3, seconds=15)

    pool.process.kill()
    pool.process.wait()

    until(lambda: not any(map(lives, pool.pids())), seconds=20)
    assert len(pool.log("worker_stopped")) == 2
    assert {verdict.id for verdict in published(any_redis)} | set(waiting(any_redis)) == messages
    assert any_redis.zcard("rq:wip:inspect") == any_redis.llen("rq:queue:inspect:intermediate") == 0


def test_counts_of_workers_that_die_again_and_again_add_up_and_leave_no_files(
    any_redis: Redis, start_pool: Callable[..., PoolProcess], enqueue: Callable[[int], InspectLayer], tmp_path: Path
) -> None:
    port, scratch = free_port(), tmp_path / "scratch"
    scratch.mkdir()
    pool = start_pool(WORKER_METRICS_PORT=str(port), TMPDIR=str(scratch))
    pool.wait_until_ready()
    counted = Increases(port)
    open_files, files, layers = [], [], 0

    def all_are_counted() -> bool:
        return len(published(any_redis)) == layers and counted.after_a_scrape() == layers

    for kill in (1, 2):
        for layer in range(layers, layers + 8):
            enqueue(layer)
        layers += 8
        until(all_are_counted, seconds=20)
        open_files.append(len(list(Path(f"/proc/{pool.process.pid}/fd").iterdir())))
        files.append(len(list(scratch.rglob("*"))))
        os.kill(pool.pids()[-1], signal.SIGKILL)
        pool.wait_until_ready(workers=2 + kill)
        counted.after_a_scrape()

    assert len(pool.log("worker_died")) == 2
    assert len(set(files)) == 1
    assert max(open_files) - min(open_files) <= 1  # a scrape may be about to close


class Increases:
    """Adds up a counter of all workers as Prometheus does: one that became smaller began anew."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._last: dict[str, float] = {}
        self._sum = 0.0

    def after_a_scrape(self) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        for line in lines:
            if line.startswith("layerwatch_inspections_total{"):
                series, value = line.rsplit(" ", 1)
                before, now = self._last.get(series, 0.0), float(value)
                self._sum += now - before if now >= before else now
                self._last[series] = now
        return self._sum
