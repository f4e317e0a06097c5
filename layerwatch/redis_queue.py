"""The queue "inspect" on RQ: JSON, never pickle; jobs are named by a string, so no one imports what they need."""

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from layerwatch.errors import WireError
from layerwatch.job import INSPECT_LAYER_JOB, INSPECT_QUEUE, InspectLayer

# Three retries after the first run. The worker inspects in the first three runs only;
# the fourth is there to publish that it gave up (worker/jobs.py).
RETRIES = 3
JOB_TIMEOUT_SECONDS = 60
FAILURE_TTL_SECONDS = 30 * 24 * 3600


class RedisQueue:
    """LayerQueue on RQ."""

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

    def depth(self) -> int:
        return len(self._queue)

    def ends_in_backlog(self) -> bool:
        last = self._queue.get_job_ids(offset=-1, length=1)
        try:
            return bool(last) and not self._message(last[0]).live
        except (NoSuchJobError, WireError):
            return False  # a worker took it meanwhile, or it is none of ours

    def _message(self, inspection_id: str) -> InspectLayer:
        job = Job.fetch(inspection_id, connection=self._queue.connection, serializer=JSONSerializer)
        return InspectLayer.from_wire(job.args[0] if job.args else None)
