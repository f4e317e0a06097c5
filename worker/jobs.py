"""The job that RQ calls by its name: from a message to a published verdict, once, whatever happens."""

import time

import structlog
from rq import get_current_job
from rq.job import Job

from layerwatch.errors import LayerwatchError, WireError
from layerwatch.job import InspectLayer
from layerwatch.redis_queue import RETRIES
from layerwatch.verdict import Verdict
from worker import metrics
from worker.apart import InspectionCrashedError
from worker.giving_up import give_up
from worker.station import Station, current_station

ATTEMPTS = RETRIES  # the run after the last retry is there to give up
FAILURE = "failure"  # in the job's meta: [attempt, what went wrong]

log = structlog.get_logger("worker")


class GaveUpError(LayerwatchError):
    """All attempts failed; the job goes to the registry of failed jobs, its invalid verdict is published."""


def inspect_layer(wire: object) -> None:
    """Inspect the layer set that a message asks for; the only function that RQ calls."""
    station, job = current_station(), get_current_job()
    try:
        message = InspectLayer.from_wire(wire)
    except WireError as error:
        _refuse(station, job, error)
        raise
    try:
        answer(message, station, attempt=_attempt(job), last_failure=_last_failure(job))
    except GaveUpError:
        if job is not None:
            job.retries_left = 0
        raise
    except Exception as error:
        _remember(job, error)
        metrics.FAILURES.labels(outcome="retry").inc()
        time.sleep(_pause(_attempt(job), station))
        raise


def answer(message: InspectLayer, station: Station, *, attempt: int, last_failure: str = "") -> None:
    """Publish the verdict on a layer set unless it is published.

    Raises:
        GaveUpError: the attempts are used up; an invalid verdict says so.
        Exception: this attempt failed.
    """
    if station.results.is_published(message.id):
        log.info("already_published", id=message.id, attempt=attempt)
        station.pictures.discard(message.id)
        return
    if attempt > ATTEMPTS:
        raise _given_up(message, station, last_failure or "the worker died each time", attempt=attempt)
    began = time.perf_counter()
    worker_died = attempt > 1 and not last_failure
    try:
        verdict = _written_before(message, station) or _inspect(message, station, attempt, apart=worker_died)
    except InspectionCrashedError as error:
        raise _given_up(message, station, str(error), attempt=attempt) from error
    publish(verdict, station, began=began)


def publish(verdict: Verdict, station: Station, *, began: float) -> None:
    """Publish a verdict whose artifacts are written, and count it."""
    inspected = time.perf_counter()
    if not station.publish(verdict):
        log.warning("already_published", id=verdict.id, attempt=verdict.attempt)
        return
    metrics.count_verdict(verdict, publish_seconds=time.perf_counter() - inspected)
    log.info(
        "layer_inspected",
        layer=str(verdict.key),
        revision=verdict.revision,
        decision=verdict.decision.value,
        reasons=list(verdict.reasons),
        regions=len(verdict.regions),
        seconds=round(time.perf_counter() - began, 3),
        file_to_verdict=round(verdict.timing.file_to_verdict_seconds, 3),
        attempt=verdict.attempt,
    )


def _given_up(message: InspectLayer, station: Station, failure: str, *, attempt: int) -> GaveUpError:
    """Publish that all was tried, and return the error that says so."""
    reason = f"gave up after {min(attempt, ATTEMPTS)} attempts: {failure}"
    give_up(message.id, message, station, reason=reason, attempt=attempt)
    return GaveUpError(f"{message.id}: {reason}")


def _inspect(message: InspectLayer, station: Station, attempt: int, *, apart: bool) -> Verdict:
    if apart:
        return station.apart.inspect(message, attempt=attempt)
    verdict, _ = station.pipeline.inspect(message, attempt=attempt)
    return verdict


def _written_before(message: InspectLayer, station: Station) -> Verdict | None:
    """Return the verdict of a worker that was killed between writing and publishing it.

    Published as it stands, verdict.json and the published body stay the same.
    """
    written = station.pipeline.artifacts.verdict(message.layer_set.key)
    return written if written is not None and written.id == message.id else None


def _pause(attempt: int, station: Station) -> float:
    """Return how long to wait before the next attempt; giving up needs no wait."""
    return station.retry_pause_seconds * 4 ** (attempt - 1) if attempt < ATTEMPTS else 0.0


def _attempt(job: Job | None) -> int:
    """Return which run this is, from 1; each retry that RQ used up was one."""
    if job is None or job.retries_left is None:
        return 1
    return 1 + max(0, RETRIES - job.retries_left)


def failure_of(job: Job) -> tuple[int, str]:
    """Return the last failure that was noted in a job: in which attempt, and what went wrong."""
    noted = job.meta.get(FAILURE)
    return (int(noted[0]), str(noted[1])) if noted else (0, "")


def _last_failure(job: Job | None) -> str:
    """Return what the attempt before this one ended with, empty if its worker died."""
    attempt, text = failure_of(job) if job is not None else (0, "")
    return text if attempt == _attempt(job) - 1 else ""


def _remember(job: Job | None, error: Exception) -> None:
    """Note the failure in the job; RQ saves it together with the retry."""
    if job is not None:
        job.meta[FAILURE] = [_attempt(job), f"{type(error).__name__}: {error}"[:500]]


def _refuse(station: Station, job: Job | None, error: WireError) -> None:
    """Answer a message that no retry will mend."""
    metrics.FAILURES.labels(outcome="refused").inc()
    if job is not None:
        job.retries_left = 0
        give_up(job.id, None, station, reason=str(error), attempt=_attempt(job))
