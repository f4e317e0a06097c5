"""Jobs that failed for good: each layer among them gets an invalid verdict, once."""

from rq import Queue
from rq.job import Job

from layerwatch.errors import WireError
from layerwatch.job import InspectLayer
from layerwatch.redis_queue import message_of, read_job
from worker.attempts import ATTEMPTS, failure_of
from worker.giving_up import give_up
from worker.station import Station


def bury(job_id: str, queue: Queue, station: Station) -> None:
    """Publish an invalid verdict on a failed job that has none, as its worker died before or could not read it."""
    if station.results.is_published(job_id):
        return
    job = read_job(job_id, queue)
    message = None if job is None else _message(job)
    failure = "" if job is None else failure_of(job)[1]
    reason = f"gave up after {ATTEMPTS} attempts: {failure or 'the worker died, or the job cannot be read'}"
    give_up(job_id, message, station, reason=reason, attempt=ATTEMPTS + 1)


def _message(job: Job) -> InspectLayer | None:
    try:
        return message_of(job)
    except WireError:
        return None
