"""Workers that are taken for dead and go on, driven by hand in one process: what becomes of the job that they had."""

from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE, InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.ports import JobState
from layerwatch.redis_queue import RedisQueue
from layerwatch.settings import load_settings
from layerwatch.verdict import Decision, Verdict
from tests.worker_processes import end_of_heartbeats, nothing_of_rq_is_left, published
from tests.worker_station import installed_station, pipeline_over
from worker.apart import InspectionApart, InspectionCrashedError
from worker.dead_letters import bury
from worker.pipeline import Pipeline
from worker.popped import PoppedJobs
from worker.service import InspectionWorker
from worker.settings import WorkerSettings
from worker.station import Station, current_station

# RQ uses the alarm clock of the process for its own time limit, so that pytest cannot.
pytestmark = [pytest.mark.redis, pytest.mark.timeout(60, method="thread")]

Inspections = Callable[..., list[int]]


def nothing() -> None:
    pass


class Hall:
    """Workers that do one thing after the other, as they are told."""

    def __init__(self, client: Redis, station: Station) -> None:
        self.client = client
        self.queue = RedisQueue(client)
        self._station = station

    def worker(self) -> InspectionWorker:
        return InspectionWorker(
            self.client,
            load_settings(WorkerSettings, heartbeat_seconds=60, dead_after_seconds=60),
            bury=lambda job_id, queue: bury(job_id, queue, self._station),
            reader=self._station.pipeline.reader,
        )

    def work_once(self) -> None:
        """Let a worker do the job that waits first."""
        worker = self.worker()
        worker.execute_job(taken_by(worker), worker._queue)

    def work(self) -> None:
        """Let others do all that waits."""
        while self.waiting():
            self.work_once()

    def recover(self) -> None:
        """End the heartbeats of all, and let another worker put back what they have in hand."""
        end_of_heartbeats(self.client)
        self.worker()._recovery.sweep()

    def recover_and_work(self) -> None:
        self.recover()
        self.work()

    def waiting(self) -> list[str]:
        return Queue(INSPECT_QUEUE, connection=self.client, serializer=JSONSerializer).get_job_ids()

    def quarantine(self) -> list[InspectLayer | None]:
        return [one.message for one in self.queue.given_up()]


def taken_by(worker: InspectionWorker) -> Job:
    """Return the job that waits first, which the worker has taken and not started."""
    job = worker._next.take(1)
    assert job is not None
    return job


@pytest.fixture
def hall(redis_db: Redis, tiny_bundle: Path, sources: Path, tmp_path: Path) -> Hall:
    pipeline = pipeline_over(tiny_bundle, sources, tmp_path / "artifacts")
    station = installed_station(redis_db, pipeline)
    return Hall(redis_db, station)


@pytest.fixture
def message(
    hall: Hall, sources: Path, write_pictures: Callable[..., LayerSet], some_message: Callable[..., InspectLayer]
) -> InspectLayer:
    """One that is on the queue."""
    message = some_message(of=write_pictures(sources))
    assert hall.queue.enqueue(message)
    return message


@pytest.fixture
def inspections(monkeypatch: pytest.MonkeyPatch) -> Inspections:
    """Sets how inspections go, in this process or apart, and returns the list of attempts that they will be.

    `inspections(OSError(), None)`: the first ends in that error, the second well; the last stands for all that follow.
    While the first one runs, `meanwhile` happens.
    """
    inspect = Pipeline.inspect

    def script(*ends: Exception | None, meanwhile: Callable[[], None] = nothing) -> list[int]:
        attempts: list[int] = []

        def run(self: Pipeline, message: InspectLayer, *, attempt: int) -> tuple[Verdict, object]:
            end = ends[min(len(attempts), len(ends) - 1)]
            attempts.append(attempt)
            if len(attempts) == 1:
                meanwhile()
            if end is not None:
                raise end
            return inspect(self, message, attempt=attempt)

        def run_apart(_: InspectionApart, message: InspectLayer, *, attempt: int) -> Verdict:
            return current_station().pipeline.inspect(message, attempt=attempt)[0]

        monkeypatch.setattr(Pipeline, "inspect", run)
        monkeypatch.setattr(InspectionApart, "inspect", run_apart)
        return attempts

    return script


@pytest.mark.parametrize("late", [OSError("the disk is full"), None], ids=["fails", "succeeds"])
def test_what_others_gave_up_on_meanwhile_stays_in_the_quarantine_however_the_late_worker_ends(
    hall: Hall, message: InspectLayer, inspections: Inspections, late: Exception | None
) -> None:
    failure = OSError("the share is away")
    inspections(late, failure, meanwhile=hall.recover_and_work)

    hall.work()
    hall.work()

    assert hall.quarantine() == [message]
    assert hall.waiting() == []
    assert [verdict.decision for verdict in published(hall.client)] == [Decision.INVALID]


@pytest.mark.parametrize("late", [OSError("the disk is full"), None], ids=["fails", "succeeds"])
def test_a_job_that_was_put_back_is_not_taken_from_the_queue_or_put_there_twice_by_the_late_worker(
    hall: Hall, message: InspectLayer, inspections: Inspections, late: Exception | None
) -> None:
    attempts = inspections(late, None, meanwhile=hall.recover)

    hall.work_once()
    waiting = hall.waiting()
    hall.work()

    assert waiting == [message.id]
    assert attempts == ([1, 2] if late else [1])
    assert [verdict.id for verdict in published(hall.client)] == [message.id]
    assert nothing_of_rq_is_left(hall.client)


def test_a_job_that_another_has_in_hand_is_left_to_it(
    hall: Hall, message: InspectLayer, inspections: Inspections
) -> None:
    other = hall.worker()

    def start_it_elsewhere() -> None:
        hall.recover()
        other.prepare_job_execution(taken_by(other), remove_from_intermediate_queue=True)

    inspections(OSError("the disk is full"), None, meanwhile=start_it_elsewhere)

    hall.work_once()

    assert hall.waiting() == []
    assert hall.client.hget(f"rq:job:{message.id}", "worker_name") == other.name.encode()
    assert hall.queue.state(message.id) is JobState.RUNNING


def test_pictures_that_crash_are_given_up_for_all_by_the_late_worker(
    hall: Hall, message: InspectLayer, inspections: Inspections
) -> None:
    attempts = inspections(InspectionCrashedError("it crashes"), meanwhile=hall.recover)

    hall.work_once()
    hall.work()

    assert attempts == [1]
    assert hall.quarantine() == [message]
    assert hall.waiting() == []


def test_a_job_that_was_given_up_on_is_not_inspected_again_where_it_is_on_the_queue_twice(
    hall: Hall, message: InspectLayer, inspections: Inspections
) -> None:
    inspections(OSError("the share is away"))
    hall.client.rpush("rq:queue:inspect", message.id)  # as two workers do that recover it at the same time

    hall.work()

    assert hall.quarantine() == [message]
    assert hall.waiting() == []
    assert hall.client.llen("rq:queue:inspect:intermediate") == 0


def test_a_job_that_is_given_up_on_just_as_another_starts_it_leaves_no_name_without_a_message(
    hall: Hall, message: InspectLayer, inspections: Inspections, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspections(OSError("the share is away"))
    hall.client.rpush("rq:queue:inspect", message.id)
    let_go = PoppedJobs.let_go

    def let_go_late(popped: PoppedJobs, job_id: str) -> None:
        monkeypatch.setattr(PoppedJobs, "let_go", let_go)
        hall.work()
        assert hall.quarantine() == [message]
        let_go(popped, job_id)

    monkeypatch.setattr(PoppedJobs, "let_go", let_go_late)

    hall.work()

    assert hall.client.zrange("rq:failed:inspect", 0, -1) == []
    assert nothing_of_rq_is_left(hall.client)


@pytest.mark.parametrize("end", [InspectionCrashedError("it crashes"), None], ids=["given up on", "finished"])
def test_a_job_is_deleted_whatever_is_left_of_the_execution_of_a_dead_worker(
    hall: Hall, message: InspectLayer, inspections: Inspections, end: Exception | None
) -> None:
    def die_over_it() -> None:
        dying = hall.worker()
        job = dying._queue.fetch_job(message.id)
        assert job is not None
        hall.client.delete(dying.prepare_execution(job).key)  # it ends by itself, and its name a minute later

    attempts = inspections(end, None, meanwhile=die_over_it)

    hall.work()

    assert attempts == [1]
    assert hall.queue.forget(message.id) is bool(end)
    assert not hall.client.exists(f"rq:job:{message.id}")
    assert hall.waiting() == []


def test_a_worker_that_died_over_a_record_that_was_gone_keeps_nobody_from_the_layer(
    hall: Hall, message: InspectLayer
) -> None:
    dying = hall.worker()
    job = taken_by(dying)
    hall.client.flushall()
    dying.prepare_job_execution(job, remove_from_intermediate_queue=True)  # it writes to a record without a message
    hall.recover_and_work()

    assert not hall.queue.holds(message.id)
    assert hall.queue.enqueue(message)
    hall.work()

    assert [verdict.id for verdict in published(hall.client)] == [message.id]
    assert nothing_of_rq_is_left(hall.client)
