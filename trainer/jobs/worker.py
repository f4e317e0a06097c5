"""The life of `python -m trainer work`: one job after the other, outliving Redis, stopped when asked."""

import logging
import threading
import time
import uuid
from types import TracebackType
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.registry import clean_registries
from rq.serializers import JSONSerializer
from rq.worker.base import WorkerStatus
from rq.worker_registration import clean_worker_registry

from layerwatch.errors import LayerwatchError
from trainer.jobs.board import Board, State
from trainer.jobs.foreman import Foreman, KilledError, StoppedError
from trainer.jobs.perform import TrainJob
from trainer.jobs.queue import train_queue
from trainer.jobs.settings import JobSettings

POLL_SECONDS: Final = 1  # a request to stop is noticed so soon; new jobs come at once
SWEEP_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 2.0  # between two tries to reach Redis
EXPECTED: Final = (LayerwatchError, OSError, RedisError, StoppedError, KilledError)

log = structlog.get_logger("trainer")


class TrainWorker(SimpleWorker):
    """An RQ worker for one queue, so that a job is moved, not popped, and never in no place at all."""

    def __init__(self, client: Redis, settings: JobSettings, stop: threading.Event) -> None:
        self._queue = train_queue(client, TrainJob)
        super().__init__(
            [self._queue],
            name=f"trainer-{uuid.uuid4().hex[:8]}",
            connection=client,
            serializer=JSONSerializer,
            job_class=TrainJob,
            worker_ttl=settings.dead_after_seconds + 15,
            log_job_description=False,
        )
        self._settings = settings
        self._stop = stop
        self._foreman = Foreman(settings=settings, board=Board(client), stop=stop)

    def serve(self) -> None:
        """Do jobs until asked to stop; a training in hand saves its state and goes on another time.

        Raises:
            RedisError: Redis went away.
        """
        self.register_birth()  # type: ignore[no-untyped-call]
        log.info("trainer_ready", queue=self._queue.name, jobs=str(self._settings.jobs_dir))
        next_sweep = 0.0
        while not self._stop.is_set():
            if time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + SWEEP_SECONDS
                self.heartbeat()
                self._sweep()
            job = self._next_job()
            if job is not None:
                self.execute_job(job, self._queue)
        self.register_death()  # type: ignore[no-untyped-call]

    def execute_job(self, job: Job, queue: Queue) -> None:
        # RQ keeps the name of a dead worker's execution longer than its record, and stumbles over it at the end.
        self.connection.delete(job.execution_registry.key)
        execution = self.prepare_execution(job)
        if isinstance(job, TrainJob):
            job.foreman = self._foreman
            job.beat = lambda: self.maintain_heartbeats(job, execution)
        log.info("job_started", id=job.id, retries_left=job.retries_left)
        self.perform_job(job, queue, execution)
        self.set_state(WorkerStatus.IDLE)
        log.info("job_ended", id=job.id, **self._foreman.board.read(job.id))

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Return the seconds of silence after which the job counts as abandoned, however long it takes."""
        del job, working_time
        return self._settings.dead_after_seconds

    def handle_exception(self, job: Job, *exc_info: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Log what ended an attempt: what was to be expected as a line, a bug as a traceback."""
        error = exc_info[1]
        told = None if isinstance(error, EXPECTED) else exc_info
        log.warning("attempt_ended", id=job.id, error=f"{type(error).__name__}: {error}", exc_info=told)

    def _next_job(self) -> Job | None:
        try:
            found = Queue.dequeue_any(
                [self._queue], POLL_SECONDS, self.connection, job_class=TrainJob, serializer=JSONSerializer
            )
        except DequeueTimeout:
            return None
        return found[0] if found is not None else None

    def _sweep(self) -> None:
        """Put back what dead workers held, and say of which job there is no hope."""
        clean_registries(self._queue)
        self._queue.intermediate_queue.cleanup(self, self._queue)
        clean_worker_registry(self._queue)
        for job_id in self._queue.failed_job_registry.get_job_ids():
            state = self._foreman.board.read(job_id).get("state")
            if state is not None and not State(state).over:
                self._foreman.board.say(job_id, State.FAILED, "its worker died too often")
                self._foreman.clear(job_id)


def serve(client: Redis, settings: JobSettings, stop: threading.Event) -> None:
    """Serve until asked to stop; while Redis is away, wait and try again."""
    for name in ("rq.worker", "rq.job", "rq.registry", "rq.queue"):  # RQ sets their level itself
        logging.getLogger(name).setLevel(logging.WARNING)
    while not stop.is_set():
        try:
            TrainWorker(client, settings, stop).serve()
        except RedisError as error:
            log.warning("redis_unavailable", error=str(error), again_in_seconds=PAUSE_SECONDS)
            stop.wait(PAUSE_SECONDS)
