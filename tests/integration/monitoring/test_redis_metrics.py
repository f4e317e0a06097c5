"""What the exporter reads of a real Redis: the oldest job, workers by what they do, and readers of the stream."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ResponseError
from rq.utils import utcformat

from layerwatch.job import InspectLayer
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import STREAM
from monitoring.redis_metrics import SILENT_SECONDS, RedisCollector
from tests.conftest import any_server_binary, running_server
from tests.own_disk import own_disk
from tests.worker_processes import until

pytestmark = pytest.mark.redis


def shown(client: Redis) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in RedisCollector(client).collect()
        for sample in family.samples
    }


def queue_job(client: Redis, message: InspectLayer, *, seconds_ago: int, ahead: bool = False) -> None:
    RedisQueue(client).enqueue(message, ahead=ahead)
    client.hset(f"rq:job:{message.id}", "enqueued_at", utcformat(datetime.now(UTC) - timedelta(seconds=seconds_ago)))


def register_worker(client: Redis, name: str, *, seconds_ago: float, state: str = "") -> None:
    key = f"rq:worker:{name}"
    client.sadd("rq:workers:inspect", key)
    client.hset(key, "last_heartbeat", utcformat(datetime.now(UTC) - timedelta(seconds=seconds_ago)))
    if state:
        client.hset(key, "state", state)


def test_the_oldest_job_is_found_wherever_it_stands_on_the_queue(
    redis_db: Redis, some_message: Callable[..., InspectLayer]
) -> None:
    queue_job(redis_db, some_message(layer=1), seconds_ago=50)
    queue_job(redis_db, some_message(layer=2), seconds_ago=500)
    queue_job(redis_db, some_message(layer=3), seconds_ago=20, ahead=True)

    age = shown(redis_db)["layerwatch_queue_oldest_job_age_seconds", ""]

    assert 500 <= age < 510


def test_an_empty_queue_has_no_oldest_job_and_a_lost_job_is_none(
    redis_db: Redis, some_message: Callable[..., InspectLayer]
) -> None:
    empty = shown(redis_db)["layerwatch_queue_oldest_job_age_seconds", ""]
    queue_job(redis_db, some_message(layer=1), seconds_ago=50)
    redis_db.lpush("rq:queue:inspect", "its-record-is-gone")

    assert empty == 0
    assert 50 <= shown(redis_db)["layerwatch_queue_oldest_job_age_seconds", ""] < 60


def test_workers_are_counted_by_what_they_do_wherever_they_run(redis_db: Redis) -> None:
    register_worker(redis_db, "began-just-now", seconds_ago=1)
    register_worker(redis_db, "waits", seconds_ago=3, state="idle")
    register_worker(redis_db, "works", seconds_ago=3, state="busy")
    register_worker(redis_db, "was-killed", seconds_ago=SILENT_SECONDS + 5, state="busy")
    redis_db.sadd("rq:workers:inspect", "rq:worker:long-gone")

    workers = {state: number for (name, state), number in shown(redis_db).items() if name == "layerwatch_workers"}

    assert workers == {"idle": 2, "busy": 1, "silent": 1}


def test_a_consumer_group_lags_by_what_it_was_not_given_and_what_it_did_not_acknowledge(
    redis_db: Redis, some_verdict: Callable[..., Verdict]
) -> None:
    assert not any("group" in name for name, _ in shown(redis_db))
    for layer in range(1, 8):
        RedisResults(redis_db).publish(some_verdict(layer=layer))
    redis_db.xgroup_create(STREAM, "mes", id="0")
    given: Any = redis_db.xreadgroup("mes", "reader", {STREAM: ">"}, count=4)
    redis_db.xack(STREAM, "mes", given[0][1][0][0])

    now = shown(redis_db)

    assert now["layerwatch_verdict_stream_group_lag", "mes"] == 3
    assert now["layerwatch_verdict_stream_group_pending", "mes"] == 3
    assert now["layerwatch_redis_up", ""] == 1
    assert now["layerwatch_redis_memory_bytes", ""] > 0
    assert now["layerwatch_redis_memory_limit_bytes", ""] == 0


def test_a_redis_whose_disk_is_full_is_up_and_takes_nothing(tmp_path: Path) -> None:
    with own_disk(tmp_path / "redis") as disk, running_server(any_server_binary(), disk.folder) as server:
        client = Redis.from_url(server.url)
        client.set("a", "1")
        assert shown(client)["layerwatch_redis_writable", ""] == 1
        disk.fill()
        for _ in range(5):  # what fits into the last page, and the one that does not
            with suppress(ResponseError):
                client.set("a", "1" * 4096)

        now = shown(client)
        assert (now["layerwatch_redis_up", ""], now["layerwatch_redis_writable", ""]) == (1, 0)

        disk.make_room()
        until(lambda: shown(client)["layerwatch_redis_writable", ""] == 1, seconds=10)
        client.set("a", "2")
        client.close()
