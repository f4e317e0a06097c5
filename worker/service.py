"""The worker's life: connect, take one job after the other, outlive Redis, stop when asked."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

import structlog
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout, DeserializationError
from rq.executions import Execution
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker.base import WorkerStatus

from layerwatch.errors import LayerwatchError, WireError
from layerwatch.job import INSPECT_LAYER_JOB, INSPECT_QUEUE, InspectLayer
from layerwatch.redis_queue import FAILURE_TTL_SECONDS, JOB_TIMEOUT_SECONDS, RETRIES
from worker.attempts import was_cut_off
from worker.heartbeat import heartbeats
from worker.jobs import keep_as_published
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


class InspectionJob(Job):
    """A job that calls nothing but our own function, whatever name somebody wrote into Redis.

    Attributes:
        beating: gives heartbeats while the function runs; before and after it RQ itself writes to the job's record.
    """

    beating: Callable[[], AbstractContextManager[None]] = nullcontext

    def perform(self) -> object:
        if self.func_name != INSPECT_LAYER_JOB:
            self.retries_left = 0
            raise WireError(f"expected a job {INSPECT_LAYER_JOB}, got {self.func_name}")
        with self.beating():
            result: object = super().perform()
        return result

    def retry(self, queue: Queue, pipeline: Pipeline) -> None:
        """Queue the job again, ahead of the backlog: its layer has waited long enough."""
        self.enqueue_at_front_on_retry = True
        if was_cut_off(self):
            self.retries_left = (self.retries_left or 0) + 1  # in place of the one that RQ takes off
        super().retry(queue, pipeline)


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
        self._held: Job | None = None  # popped behind the job in hand, so that its pictures are read meanwhile
        self._may_hold = False

    def serve(self, stop: threading.Event) -> None:
        """Do jobs until asked to stop; the job in hand is finished first.

        Raises:
            RedisError: Redis went away.
        """
        self._reader.next_message = self._hold_next
        self.register_birth()  # type: ignore[no-untyped-call]
        log.info("worker_ready", worker=self._settings.name, queue=INSPECT_QUEUE)
        last_beat = 0.0
        while not stop.is_set():
            if time.monotonic() - last_beat > self._settings.heartbeat_seconds:
                last_beat = time.monotonic()
                self.heartbeat()
            self._recovery.sweep_when_due()
            job = self._take_held() or self._pop(POLL_SECONDS)
            if job is not None:
                self.execute_job(job, self._queue)
        self._put_back_held()
        self.register_death()  # type: ignore[no-untyped-call]

    def _take_held(self) -> Job | None:
        """Return the job that was popped early, None if there is none or others took it for abandoned."""
        job, self._held = self._held, None
        if job is None or self._popped.still_there(job.id):
            return job
        self._popped.let_go(job.id)
        return None

    def _put_back_held(self) -> None:
        if self._held is not None:
            self._popped.put_back(self._held.id)

    def _hold_next(self) -> InspectLayer | None:
        """Pop the job behind the one in hand, if one waits, and return its message, None if it is not to be read."""
        if not self._may_hold:
            return None
        try:
            self._held = self._pop(None)
            if self._held is None:
                return None
            self._popped.hold(self._held.id, seconds=self._settings.dead_after_seconds)
            # What a worker died over before is not unpacked here: it might take this one and the job in hand with it.
            if not _is_fresh(self._held) or self._popped.was_left_behind(self._held.id):
                return None
            return InspectLayer.from_wire(self._held.args[0])
        except (RedisError, WireError, DeserializationError, IndexError, TypeError):
            return None  # the job in hand goes on; this one's own turn will tell

    def _pop(self, wait_seconds: int | None) -> Job | None:
        """Return the first job of the queue, after a while None; None at once where it may not wait at all."""
        try:
            found = Queue.dequeue_any(
                [self._queue], wait_seconds, self.connection, job_class=InspectionJob, serializer=JSONSerializer
            )
        except DequeueTimeout:
            return None
        except RedisError:
            raise
        except Exception as error:
            if not hasattr(error, "job_id"):
                raise
            self._set_aside(error.job_id, error)
            return None
        return found[0] if found is not None else None

    def _set_aside(self, job_id: str, error: Exception) -> None:
        """Move a job whose record in Redis cannot be read to the failed ones; every worker would stumble over it."""
        log.error("job_unreadable", id=job_id, error=str(error))
        with self.connection.pipeline() as pipeline:
            pipeline.zadd(self._queue.failed_job_registry.key, {job_id: time.time() + FAILURE_TTL_SECONDS})
            pipeline.lrem(self._queue.intermediate_queue.key, 1, job_id)
            pipeline.execute()

    def execute_job(self, job: Job, queue: Queue) -> None:
        # RQ keeps the name of a dead worker's execution longer than its record, and stumbles over it at the end.
        self.connection.delete(job.execution_registry.key)
        execution = self.prepare_execution(job)
        self._popped.let_go(job.id)
        if isinstance(job, InspectionJob):
            job.beating = lambda: self._heartbeats(job, execution)
        # A job that failed before may be about to end this process: it is done alone.
        self._may_hold = _is_fresh(job)
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
        if not self._was_taken_over(job, execution):
            super().handle_job_failure(job, queue, started_job_registry, exc_string, execution)

    def _was_taken_over(self, job: Job, execution: Execution | None) -> bool:
        """Return whether another worker, that took this one for dead, has finished the job meanwhile.

        Of a job that is finished nothing is left but what our heartbeats wrote; RQ would queue it again.
        """
        if self.connection.hexists(job.key, "status"):
            return False
        keep_as_published(job.id, current_station())
        with self.connection.pipeline() as pipeline:
            pipeline.delete(job.key)
            self.cleanup_execution(job, pipeline, execution)
            pipeline.execute()
        log.warning("job_taken_over", id=job.id)
        return True

    def _heartbeats(self, job: Job, execution: Execution) -> AbstractContextManager[None]:
        def beat() -> None:
            self.maintain_heartbeats(job, execution)
            if self._held is not None:
                self._popped.hold(self._held.id, seconds=self._settings.dead_after_seconds)

        return heartbeats(
            beat,
            every_seconds=self._settings.heartbeat_seconds,
            at_most_seconds=STUCK_AFTER_SECONDS,
        )

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Return the seconds of silence after which the job counts as abandoned."""
        del job, working_time  # heartbeats come from a thread, however long the job takes
        return self._settings.dead_after_seconds

    def handle_exception(self, job: Job, *exc_info: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Log a failed attempt once, in our own words: what was to be expected as a line, a bug as a traceback."""
        error = exc_info[1]
        log.error(
            "attempt_failed",
            id=job.id,
            retries_left=job.retries_left,
            error=f"{type(error).__name__}: {error}",
            exc_info=None if isinstance(error, EXPECTED) else exc_info,
        )


def _is_fresh(job: Job) -> bool:
    """Return whether nobody tried the job before."""
    return job.retries_left == RETRIES


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
