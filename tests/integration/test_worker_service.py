"""The worker on a real Redis, in this process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from layerwatch.job import INSPECT_LAYER_JOB, INSPECT_QUEUE, InspectLayer
from layerwatch.layer_files import OVERLAY
from layerwatch.layers import LayerSet
from layerwatch.redis_connection import connect
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.settings import load_settings
from layerwatch.verdict import Decision, Verdict
from tests.worker_processes import until as eventually
from tests.worker_station import installed_station, pipeline_over
from worker.dead_letters import bury
from worker.outage import ArtifactsOutage
from worker.pipeline import Pipeline
from worker.service import serve
from worker.settings import WorkerSettings
from worker.station import Station, install_station

# RQ uses the alarm clock of the process for its own time limit, so that pytest cannot.
pytestmark = [pytest.mark.redis, pytest.mark.timeout(60, method="thread")]

WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]


class Server(Protocol):
    """What `own_redis_server` of conftest.py gives."""

    url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def pipeline(tiny_bundle: Path, sources: Path, tmp_path: Path) -> Pipeline:
    return pipeline_over(tiny_bundle, sources, tmp_path / "artifacts")


@pytest.fixture
def station(redis_db: Redis, pipeline: Pipeline) -> Station:
    return installed_station(redis_db, pipeline)


@pytest.fixture
def new_message(sources: Path, write_pictures: WritePictures, some_message: MakeMessage) -> MakeMessage:
    """Writes the pictures of a layer set and returns the message about them; takes what `write_pictures` takes."""

    def write(**about: int) -> InspectLayer:
        return some_message(of=write_pictures(sources, **about))

    return write


@pytest.fixture(autouse=True)
def _stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.service.POLL_SECONDS", 0.1)


@pytest.fixture
def settings() -> WorkerSettings:
    return load_settings(WorkerSettings, sweep_seconds=0.2, heartbeat_seconds=0.2, dead_after_seconds=1)


@contextmanager
def stopped_when(holds: Callable[[], bool]) -> Iterator[threading.Event]:
    """Yield an event that is set as soon as something holds, at the latest after ten seconds."""
    stop, over = threading.Event(), threading.Event()

    def watch() -> None:
        for _ in range(200):
            with suppress(RedisConnectionError):
                if over.wait(0.05) or holds():
                    break
        stop.set()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield stop
    finally:
        over.set()
        thread.join()


def work(client: Redis, settings: WorkerSettings, station: Station, *, until: Callable[[], bool]) -> None:
    with stopped_when(until) as stop:
        reader = station.pipeline.reader
        serve(client, settings, bury=lambda job_id, queue: bury(job_id, queue, station), reader=reader, stop=stop)
    assert until(), "it does not hold after ten seconds"


def verdicts(client: Redis) -> list[Verdict]:
    return [verdict for _, verdict in RedisResults(client).since("0", wait_seconds=0.001)]


def raw_queue(client: Redis) -> Queue:
    return Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)


def test_queued_layers_are_answered_and_nothing_is_left_of_their_jobs(
    redis_db: Redis,
    settings: WorkerSettings,
    station: Station,
    new_message: MakeMessage,
) -> None:
    queue = RedisQueue(redis_db)
    for layer in range(3):
        queue.enqueue(new_message(layer=layer, defect_px=300 * layer))

    work(redis_db, settings, station, until=lambda: len(verdicts(redis_db)) == 3 and not redis_db.keys("rq:job:*"))

    assert [verdict.decision.value for verdict in verdicts(redis_db)] == ["pass", "review", "reject"]
    assert redis_db.llen("rq:queue:inspect:intermediate") == 0
    assert redis_db.zcard("rq:wip:inspect") == 0


def test_a_layer_queued_again_after_its_verdict_is_not_answered_twice(
    redis_db: Redis,
    settings: WorkerSettings,
    station: Station,
    new_message: MakeMessage,
) -> None:
    queue, message = RedisQueue(redis_db), new_message()
    queue.enqueue(message)
    work(redis_db, settings, station, until=lambda: not redis_db.keys("rq:job:*"))

    assert queue.enqueue(message)
    work(redis_db, settings, station, until=lambda: not redis_db.keys("rq:job:*"))

    assert len(verdicts(redis_db)) == 1


def test_three_failures_are_given_up_with_the_last_one_as_reason(
    redis_db: Redis,
    settings: WorkerSettings,
    station: Station,
    new_message: MakeMessage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = new_message()
    attempts = []

    def fail(_: Pipeline, message: InspectLayer, *, attempt: int) -> None:
        attempts.append((message.id, attempt))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Pipeline, "inspect", fail)
    RedisQueue(redis_db).enqueue(message)

    work(
        redis_db, settings, station, until=lambda: raw_queue(redis_db).failed_job_registry.get_job_ids() == [message.id]
    )

    assert attempts == [(message.id, 1), (message.id, 2), (message.id, 3)]
    (verdict,) = verdicts(redis_db)
    assert verdict.decision is Decision.INVALID
    assert verdict.reasons == ("gave up after 3 attempts: OSError: [Errno 5] Input/output error",)


def test_a_failure_that_mends_itself_is_an_ordinary_verdict(
    redis_db: Redis,
    settings: WorkerSettings,
    station: Station,
    new_message: MakeMessage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = new_message()
    inspect = Pipeline.inspect

    def fail_once(self: Pipeline, message: InspectLayer, *, attempt: int) -> object:
        if attempt == 1:
            raise OSError(5, "Input/output error")
        return inspect(self, message, attempt=attempt)

    monkeypatch.setattr(Pipeline, "inspect", fail_once)
    RedisQueue(redis_db).enqueue(message)

    work(redis_db, settings, station, until=lambda: bool(verdicts(redis_db)))

    assert verdicts(redis_db)[0].decision is Decision.PASS
    assert verdicts(redis_db)[0].attempt == 2


def test_a_full_disk_costs_neither_the_layer_in_hand_nor_the_one_read_ahead_an_attempt(  # noqa: PLR0917 - fixtures
    redis_db: Redis,
    settings: WorkerSettings,
    station: Station,
    new_message: MakeMessage,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    messages = [new_message(layer=layer, defect_px=900) for layer in (1, 2, 3)]
    queue = raw_queue(redis_db)
    tries, held, waiting = [], [], []

    def full(path: Path, _: bytes) -> None:
        if path.name == OVERLAY:
            tries.append(path.parent.name)
            held.append(redis_db.llen(queue.intermediate_queue_key))
        raise OSError(28, "No space left on device")

    def sleep(_: float) -> None:
        eventually(lambda: len(queue) == 3, seconds=5)

    def full_for_a_while(size: int) -> None:
        waiting.append(queue.get_job_ids())
        if len(waiting) == 4:
            monkeypatch.undo()
        if len(waiting) % 2:  # the second look of each two finds room, which is not enough
            raise OSError(28, f"No space left on device for {size} bytes")

    monkeypatch.setattr("layerwatch.artifacts.write_atomic", full)
    install_station(replace(station, outage=ArtifactsOutage(full_for_a_while, sleep=sleep)))
    for message in messages:
        RedisQueue(redis_db).enqueue(message)

    with capture_logs() as told:
        work(redis_db, settings, station, until=lambda: len(verdicts(redis_db)) == 3 and not redis_db.keys("rq:job:*"))

    assert [verdict.id for verdict in verdicts(redis_db)] == [message.id for message in messages]
    assert {(verdict.decision, verdict.attempt) for verdict in verdicts(redis_db)} == {(Decision.REJECT, 1)}
    assert tries == ["000001_melt"] * 2
    assert held == [1, 0]  # what is only tried has none beside it
    assert waiting == [[message.id for message in messages]] * 4
    assert [entry["event"] for entry in told if entry["event"].startswith(("artifacts", "attempt"))] == [
        "artifacts_unwritable",
        "artifacts_writable",
    ]
    assert not list((tmp_path / "artifacts").rglob("*.part"))


@pytest.mark.parametrize(
    "wire", [{"schema": 2}, {"schema": 1, "id": "m290_job42_000007_melt-0123456789ab"}, "text", None]
)
def test_a_message_that_breaks_the_contract_fails_at_once_and_its_layer_is_invalid(
    redis_db: Redis, settings: WorkerSettings, station: Station, wire: object
) -> None:
    job_id = "m290_job42_000007_melt-0123456789ab"
    raw_queue(redis_db).enqueue(INSPECT_LAYER_JOB, wire, job_id=job_id)

    work(redis_db, settings, station, until=lambda: raw_queue(redis_db).failed_job_registry.get_job_ids() == [job_id])

    (verdict,) = verdicts(redis_db)
    assert verdict.decision is Decision.INVALID
    assert verdict.layer == 7
    assert "not a job of version 1" in verdict.reasons[0]


def test_a_job_that_names_another_function_is_not_run(
    redis_db: Redis, settings: WorkerSettings, station: Station, tmp_path: Path
) -> None:
    target = tmp_path / "made-by-a-stranger"
    raw_queue(redis_db).enqueue("os.mkdir", str(target), job_id="stranger")

    work(
        redis_db, settings, station, until=lambda: raw_queue(redis_db).failed_job_registry.get_job_ids() == ["stranger"]
    )

    assert not target.exists()
    assert verdicts(redis_db) == []


def test_a_job_record_that_cannot_be_read_does_not_stop_the_queue(
    redis_db: Redis,
    settings: WorkerSettings,
    station: Station,
    new_message: MakeMessage,
) -> None:
    job_id = "m290_job42_000007_melt-0123456789ab"
    redis_db.hset(f"rq:job:{job_id}", mapping={"created_at": "yesterday", "data": b"\x80 garbage", "status": "queued"})
    redis_db.rpush("rq:queue:inspect", job_id)
    RedisQueue(redis_db).enqueue(new_message())

    work(redis_db, settings, station, until=lambda: len(verdicts(redis_db)) == 2)

    by_layer = {verdict.layer: verdict.decision for verdict in verdicts(redis_db)}
    assert by_layer == {7: Decision.INVALID, 1: Decision.PASS}


def test_an_id_without_a_job_is_passed_over(
    redis_db: Redis,
    settings: WorkerSettings,
    station: Station,
    new_message: MakeMessage,
) -> None:
    redis_db.rpush("rq:queue:inspect", "m290_job42_000007_melt-0123456789ab")
    RedisQueue(redis_db).enqueue(new_message())

    work(
        redis_db,
        settings,
        station,
        until=lambda: len(verdicts(redis_db)) == 1 and redis_db.llen("rq:queue:inspect:intermediate") == 0,
    )


def test_a_worker_says_that_it_is_there_again_after_redis_was_wiped(
    redis_db: Redis, settings: WorkerSettings, station: Station
) -> None:
    seen = 0

    def was_there_twice() -> bool:
        nonlocal seen
        if seen < 2 and redis_db.scard("rq:workers:inspect") == 1:
            seen += 1
            redis_db.flushdb()
        return seen == 2

    work(redis_db, settings, station, until=was_there_twice)


def test_a_worker_stays_listed_after_a_job_until_its_next_heartbeat_and_longer(
    redis_db: Redis, station: Station, new_message: MakeMessage
) -> None:
    settings = load_settings(WorkerSettings, sweep_seconds=0.2, heartbeat_seconds=0.5, dead_after_seconds=1)
    RedisQueue(redis_db).enqueue(new_message())
    listed_for: list[int] = []

    def is_seen_after_its_answer() -> bool:
        if verdicts(redis_db):
            listed_for.extend(redis_db.ttl(key) for key in redis_db.smembers("rq:workers:inspect"))
        return bool(listed_for)

    work(redis_db, settings, station, until=is_seen_after_its_answer)

    assert listed_for[0] > 10 * settings.dead_after_seconds


def test_a_worker_that_is_soon_taken_for_dead_speaks_as_often(redis_db: Redis, station: Station) -> None:
    settings = load_settings(WorkerSettings, sweep_seconds=0.2, heartbeat_seconds=60, dead_after_seconds=1)
    heard = set[object]()

    def was_heard_again() -> bool:
        heard.update(redis_db.hget(key, "last_heartbeat") for key in redis_db.smembers("rq:workers:inspect"))
        return len(heard) > 3  # beside its birth and the first heartbeat, which come at once

    work(redis_db, settings, station, until=was_heard_again)


def test_a_redis_that_goes_away_and_comes_back_is_waited_for(
    own_redis_server: Server, settings: WorkerSettings, pipeline: Pipeline, new_message: MakeMessage
) -> None:
    client = connect(own_redis_server.url, retries=0)
    station = installed_station(client, pipeline)

    def outage() -> None:
        own_redis_server.stop()
        time.sleep(0.5)
        own_redis_server.start()
        RedisQueue(client).enqueue(new_message())

    trouble = threading.Timer(0.5, outage)
    trouble.start()
    work(client, settings, station, until=lambda: bool(verdicts(client)))
    trouble.join()

    assert len(verdicts(client)) == 1
    client.close()
