"""The queue "inspect" on RQ: JSON, never pickle; jobs are named by a string, so no one imports what they need."""

from contextlib import suppress

from redis import Redis
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
            return False
        return True

    def holds(self, inspection_id: str) -> bool:
        return Job.exists(inspection_id, connection=self._queue.connection)

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
            return bool(last) and not _message(self._fetch(last[0])).live
        except (NoSuchJobError, WireError):
            return False  # a worker took it meanwhile, or it is none of ours

    def given_up(self) -> tuple[GivenUp, ...]:
        names = self._queue.failed_job_registry.get_job_ids()
        jobs = Job.fetch_many(names, connection=self._queue.connection, serializer=JSONSerializer)
        return tuple(_given_up(name, job) for name, job in zip(names, jobs, strict=True))

    def count_given_up(self) -> int:
        return len(self._queue.failed_job_registry)

    def forget(self, inspection_id: str) -> bool:
        if not self._queue.failed_job_registry.remove(inspection_id):
            return False
        with suppress(NoSuchJobError):
            self._fetch(inspection_id).delete()
        return True

    def _fetch(self, inspection_id: str) -> Job:
        return Job.fetch(inspection_id, connection=self._queue.connection, serializer=JSONSerializer)


def _message(job: Job) -> InspectLayer:
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
        return GivenUp(id=name, message=None, reason="its record in Redis is gone", at=None)
    try:
        message = _message(job)
    except WireError:
        message = None
    result = job.latest_result()
    lines = (result.exc_string or "").strip().splitlines() if result is not None else []
    return GivenUp(id=name, message=message, reason=lines[-1] if lines else "the worker died", at=job.ended_at)
