"""The worker's life: connect, take one job after the other, outlive Redis, stop when asked."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

import structlog
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker.base import WorkerStatus
from rq.worker_registration import register

from layerwatch.errors import ArtifactsUnwritableError, LayerwatchError
from layerwatch.job import CANNOT_WRITE, INSPECT_QUEUE
from layerwatch.redis_queue import JOB_TIMEOUT_SECONDS
from worker.heartbeat import heartbeats
from worker.inspection_job import InspectionJob
from worker.jobs import keep_as_published
from worker.next_job import NextJob
from worker.popped import PoppedJobs
from worker.reader import Reader
from worker.recovery import Recovery
from worker.settings import WorkerSettings
from worker.station import current_station

POLL_SECONDS = 1  # a request to stop is noticed so soon; new jobs come at once
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 5.0  # between two tries to reach Redis
EXPECTED = (LayerwatchError, OSError, RedisError, JobTimeoutException)
STUCK_AFTER_SECONDS = JOB_TIMEOUT_SECONDS + 30

log = structlog.get_logger("worker")


def quieten_rq() -> None:
    """Leave the telling to our own events; RQ sets the level of its loggers itself when it is imported."""
    for name in ("rq.worker", "rq.job", "rq.registry", "rq.queue"):
        logging.getLogger(name).setLevel(logging.WARNING)


class InspectionWorker(SimpleWorker):
    """An RQ worker for one queue, so that a job is moved, not popped, and never in no place at all.

    RQ wants its worker names unique among living and recently killed ones: this one is random. The stable name of the
    settings stands in the verdicts.
    """

    def __init__(
        self, client: Redis, settings: WorkerSettings, *, bury: Callable[[str, Queue], None], reader: Reader
    ) -> None:
        queue = Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer, job_class=InspectionJob)
        super().__init__(
            [queue],
            name=f"{settings.name}-{uuid.uuid4().hex[:8]}",
            connection=client,
            serializer=JSONSerializer,
            job_class=InspectionJob,
            worker_ttl=settings.dead_after_seconds + 15,
            log_job_description=False,
        )
        self._settings = settings
        self._queue = queue
        self._popped = PoppedJobs(queue)
        self._recovery = Recovery(
            queue=queue,
            popped=self._popped,
            every_seconds=settings.sweep_seconds,
            bury=lambda job_id: bury(job_id, queue),
        )
        self._reader = reader
        self._next = NextJob(queue, self._popped, hold_seconds=settings.dead_after_seconds)

    def serve(self, stop: threading.Event) -> None:
        """Do jobs until asked to stop; the job in hand is finished first.

        Raises:
            RedisError: Redis went away.
        """
        self._reader.next_message = self._next.hold
        self.register_birth()  # type: ignore[no-untyped-call]
        log.info("worker_ready", worker=self._settings.name, queue=INSPECT_QUEUE)
        last_beat = 0.0
        while not stop.is_set():
            if time.monotonic() - last_beat > self._settings.beat_seconds:
                last_beat = time.monotonic()
                self.heartbeat()
                register(self)  # RQ does it once, at birth: who counts workers would miss it after Redis was wiped
            self._recovery.sweep_when_due()
            outage = current_station().outage
            if not outage.may_try(POLL_SECONDS):
                continue
            job = self._next.take(POLL_SECONDS)
            if job is not None:
                self.execute_job(job, self._queue)
            outage.settle()
        self._next.put_back()
        self.register_death()  # type: ignore[no-untyped-call]

    def execute_job(self, job: Job, queue: Queue) -> None:
        if job.id in job.failed_job_registry:
            # It was on the queue twice, as one that two workers had. A run that ended well would delete its record.
            self._popped.drop(job.id)
            log.warning("job_given_up_before", id=job.id)
            return
        execution = self.prepare_execution(job)
        self._popped.let_go(job.id)
        if isinstance(job, InspectionJob):
            job.beating = lambda: self._heartbeats(job, execution)
            # A job that failed before may be about to end this process: it is done alone. So is one that only tries.
            self._next.may_hold = job.is_fresh and not current_station().outage.lasts
        self.perform_job(job, queue, execution)
        self.set_state(WorkerStatus.IDLE)

    def handle_job_success(
        self, job: Job, queue: Queue, started_job_registry: StartedJobRegistry, execution: Execution
    ) -> None:
        if not self._was_taken_over(job, execution):
            super().handle_job_success(job, queue, started_job_registry, execution)

    def handle_job_failure(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: StartedJobRegistry | None = None,
        exc_string: str = "",
        execution: Execution | None = None,
    ) -> None:
        if current_station().outage.lasts:
            self._next.put_back()  # others may be able to write; before this one, which goes ahead of it
        if not self._was_taken_over(job, execution, gives_up=not job.should_retry):
            super().handle_job_failure(job, queue, started_job_registry, exc_string, execution)

    def _was_taken_over(self, job: Job, execution: Execution | None, *, gives_up: bool = False) -> bool:
        """Return whether others, who took this worker for dead, have the job now, gave it up or finished it.

        Then its record is theirs: RQ would delete it under them, or queue the job a second time. Only giving up holds
        for all. Of a job that is finished nothing is left but what our heartbeats wrote.
        """
        status, worker = self.connection.hmget(job.key, "status", "worker_name")
        is_ours = (status, worker) == (JobStatus.STARTED.encode(), self.name.encode())
        if is_ours or (gives_up and status is not None):
            return False
        keep_as_published(job.id, current_station())
        with self.connection.pipeline() as pipeline:
            if status is None:
                pipeline.delete(job.key)
            self.cleanup_execution(job, pipeline, execution)
            pipeline.execute()
        log.warning("job_taken_over", id=job.id)
        return True

    def _heartbeats(self, job: Job, execution: Execution) -> AbstractContextManager[None]:
        def beat() -> None:
            self.maintain_heartbeats(job, execution)
            self._next.renew()

        return heartbeats(
            beat,
            every_seconds=self._settings.beat_seconds,
            at_most_seconds=STUCK_AFTER_SECONDS,
        )

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that this worker lives, is to be listed for as long as ever, and whether it can write its artifacts.

        RQ would list one that begins a job for `dead_after_seconds` alone: with short ones it was missed after a job.
        """
        del timeout
        super().heartbeat(pipeline=pipeline)
        connection = self.connection if pipeline is None else pipeline
        connection.hset(self.key, CANNOT_WRITE, current_station().outage.reason)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Return the seconds of silence after which the job counts as abandoned."""
        del job, working_time  # heartbeats come from a thread, however long the job takes
        return self._settings.dead_after_seconds

    def handle_exception(self, job: Job, *exc_info: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Log a failed attempt once, in our own words: what was to be expected as a line, a bug as a traceback."""
        error = exc_info[1]
        if isinstance(error, ArtifactsUnwritableError):
            return  # no attempt failed; the outage told of itself when it began
        log.error(
            "attempt_failed",
            id=job.id,
            retries_left=job.retries_left,
            error=f"{type(error).__name__}: {error}",
            exc_info=None if isinstance(error, EXPECTED) else exc_info,
        )


def serve(
    client: Redis,
    settings: WorkerSettings,
    *,
    bury: Callable[[str, Queue], None],
    reader: Reader,
    stop: threading.Event,
) -> None:
    """Serve until asked to stop; while Redis is away, wait and try again."""
    pause = SHORTEST_PAUSE_SECONDS
    while not stop.is_set():
        began = time.monotonic()
        try:
            InspectionWorker(client, settings, bury=bury, reader=reader).serve(stop)
        except RedisError as error:
            if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = SHORTEST_PAUSE_SECONDS  # it worked in between
            log.warning("redis_unavailable", error=str(error), again_in_seconds=pause)
            stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
