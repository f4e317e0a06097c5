"""The queue "inspect" on RQ: JSON, never pickle; jobs are named by a string, so no one imports what they need."""

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry
from rq.exceptions import DeserializationError, DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from layerwatch.errors import WireError
from layerwatch.job import INSPECT_LAYER_JOB, INSPECT_QUEUE, InspectLayer
from layerwatch.ports import GivenUp, JobState

# Three retries after the first run. The worker inspects in the first three runs only;
# the fourth is there to publish that it gave up (worker/jobs.py).
RETRIES = 3
JOB_TIMEOUT_SECONDS = 60
FAILURE_TTL_SECONDS = 30 * 24 * 3600


class RedisQueue:
    """LayerQueue, JobStates and Quarantine on RQ; what is given up on lies in its registry of failed jobs."""

    def __init__(self, client: Redis) -> None:
        self._queue = Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)

    def enqueue(self, message: InspectLayer, *, ahead: bool = False) -> bool:
        try:
            self._queue.enqueue(
                INSPECT_LAYER_JOB,
                message.to_wire(),
                job_id=message.id,
                unique=True,
                at_front=ahead,
                retry=Retry(max=RETRIES),
                job_timeout=JOB_TIMEOUT_SECONDS,
                result_ttl=0,  # the ledger remembers what is done; RQ need not
                failure_ttl=FAILURE_TTL_SECONDS,
            )
        except DuplicateJobError:
            if self.holds(message.id):
                return False
            self._queue.connection.unlink(Job.key_for(message.id))
            return self.enqueue(message, ahead=ahead)
        return True

    def holds(self, inspection_id: str) -> bool:
        # A worker that writes to a record which is gone leaves one that asks for nothing, and that nobody will inspect.
        return self._queue.connection.hexists(Job.key_for(inspection_id), "data")

    def state(self, inspection_id: str) -> JobState | None:
        try:
            status = self._fetch(inspection_id).get_status(refresh=False)
        except NoSuchJobError:
            return None
        if inspection_id in self._queue.failed_job_registry:
            return JobState.FAILED
        return JobState.RUNNING if status is JobStatus.STARTED else JobState.QUEUED

    def depth(self) -> int:
        return len(self._queue)

    def ends_in_backlog(self) -> bool:
        last = self._queue.get_job_ids(offset=-1, length=1)
        try:
            return bool(last) and not message_of(self._fetch(last[0])).live
        except (NoSuchJobError, WireError):
            return False  # a worker took it meanwhile, or it is none of ours

    def given_up(self) -> tuple[GivenUp, ...]:
        return tuple(
            _given_up(name, read_job(name, self._queue)) for name in self._queue.failed_job_registry.get_job_ids()
        )

    def count_given_up(self) -> int:
        return len(self._queue.failed_job_registry)

    def forget(self, inspection_id: str) -> bool:
        if not self._queue.failed_job_registry.remove(inspection_id):
            return False
        job = read_job(inspection_id, self._queue)
        if job is None:
            self._queue.connection.unlink(Job.key_for(inspection_id))
        else:
            forget_executions(job)
            job.delete()
        return True

    def _fetch(self, inspection_id: str) -> Job:
        return Job.fetch(inspection_id, connection=self._queue.connection, serializer=JSONSerializer)


def read_job(job_id: str, queue: Queue) -> Job | None:
    """Return a job, None if its record is gone or cannot be read, whatever stands there."""
    try:
        return queue.job_class.fetch(job_id, connection=queue.connection, serializer=queue.serializer)
    except RedisError:
        raise
    except Exception:  # noqa: BLE001 - whatever somebody wrote into its record
        return None


def forget_executions(job: Job) -> None:
    """Make a job one that can be deleted.

    RQ keeps the name of a dead worker's execution for a minute longer than its record, and stumbles over it.
    """
    job.connection.delete(job.execution_registry.key)


def message_of(job: Job) -> InspectLayer:
    """Return what a job asks for.

    Raises:
        WireError: it cannot be read.
    """
    try:
        return InspectLayer.from_wire(job.args[0])
    except (DeserializationError, IndexError, TypeError) as error:
        raise WireError(f"the job {job.id} has no message") from error


def _given_up(name: str, job: Job | None) -> GivenUp:
    if job is None:
        return GivenUp(id=name, message=None, reason="its record in Redis is gone, or cannot be read", at=None)
    try:
        message = message_of(job)
    except WireError:
        message = None
    result = job.latest_result()
    lines = (result.exc_string or "").strip().splitlines() if result is not None else []
    return GivenUp(id=name, message=message, reason=lines[-1] if lines else "the worker died", at=job.ended_at)
