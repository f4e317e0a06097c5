"""Which job a worker does next: the one that it popped early, or the first of the queue."""

import time

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DequeueTimeout, DeserializationError
from rq.serializers import JSONSerializer

from layerwatch.errors import WireError
from layerwatch.job import InspectLayer
from layerwatch.redis_queue import FAILURE_TTL_SECONDS
from worker.inspection_job import InspectionJob
from worker.popped import PoppedJobs

log = structlog.get_logger("worker")


class NextJob:
    """Takes jobs from a queue, one of them ahead, so that its pictures are read while another is inspected.

    Attributes:
        may_hold: whether the job in hand may have another one beside it.
    """

    def __init__(self, queue: Queue, popped: PoppedJobs, *, hold_seconds: float) -> None:
        """Take none yet.

        Args:
            queue: of InspectionJobs.
            popped: its intermediate list.
            hold_seconds: how long a job that was popped early is this worker's, unless it renews that.
        """
        self.may_hold = False
        self._queue = queue
        self._popped = popped
        self._hold_seconds = hold_seconds
        self._held: InspectionJob | None = None

    def take(self, wait_seconds: int) -> InspectionJob | None:
        """Return the job that was popped early, else the first of the queue; None if none comes in so many seconds."""
        return self._take_held() or self._pop(wait_seconds)

    def hold(self) -> InspectLayer | None:
        """Pop the job behind the one in hand, if one waits, and return its message, None if it is not to be read."""
        if not self.may_hold:
            return None
        try:
            self._held = self._pop(None)
            if self._held is None:
                return None
            self._popped.hold(self._held.id, seconds=self._hold_seconds)
            # What a worker died over before is not unpacked here: it might take this one and the job in hand with it.
            if not self._held.is_fresh or self._popped.was_left_behind(self._held.id):
                return None
            return InspectLayer.from_wire(self._held.args[0])
        except (RedisError, WireError, DeserializationError, IndexError, TypeError):
            return None  # the job in hand goes on; this one's own turn will tell

    def renew(self) -> None:
        """Say that the job that was popped early is still this worker's."""
        if self._held is not None:
            self._popped.hold(self._held.id, seconds=self._hold_seconds)

    def put_back(self) -> None:
        """Give back the job that was popped early."""
        job, self._held = self._held, None
        if job is not None:
            self._popped.put_back(job.id)

    def _take_held(self) -> InspectionJob | None:
        """Return the job that was popped early, None if there is none or others took it for abandoned."""
        job, self._held = self._held, None
        if job is None or self._popped.still_there(job.id):
            return job
        self._popped.let_go(job.id)
        return None

    def _pop(self, wait_seconds: int | None) -> InspectionJob | None:
        """Return the first job of the queue, after a while None; None at once where it may not wait at all."""
        try:
            found = Queue.dequeue_any(
                [self._queue],
                wait_seconds,
                self._queue.connection,
                job_class=InspectionJob,
                serializer=JSONSerializer,
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
        job = found[0] if found is not None else None
        return job if isinstance(job, InspectionJob) else None

    def _set_aside(self, job_id: str, error: Exception) -> None:
        """Move a job whose record in Redis cannot be read to the failed ones; every worker would stumble over it."""
        log.error("job_unreadable", id=job_id, error=str(error))
        with self._queue.connection.pipeline() as pipeline:
            pipeline.zadd(self._queue.failed_job_registry.key, {job_id: time.time() + FAILURE_TTL_SECONDS})
            pipeline.lrem(self._queue.intermediate_queue.key, 1, job_id)
            pipeline.execute()
