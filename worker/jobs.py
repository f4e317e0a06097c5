"""The job that RQ calls by its name: from a message to a published verdict, once, whatever happens."""

import time

import structlog
from rq import get_current_job
from rq.job import Job

from layerwatch.errors import ArtifactsUnwritableError, LayerwatchError, WireError
from layerwatch.job import InspectLayer
from layerwatch.layer_files import VERDICT
from layerwatch.verdict import Verdict
from worker import metrics
from worker.apart import InspectionCrashedError
from worker.attempts import ATTEMPTS, attempt_of, goes_apart, last_failure, note_apart, remember, take_back
from worker.giving_up import give_up
from worker.station import Station, current_station

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
        apart = goes_apart(job)
        answer(message, station, attempt=attempt_of(job), last_failure=last_failure(job), apart=apart)
    except GaveUpError:
        if job is not None:
            job.retries_left = 0
        raise
    except ArtifactsUnwritableError as error:  # the layer is not to blame: whoever serves waits, and tries again
        take_back(job)
        metrics.UNWRITABLE.inc()
        station.outage.note(error)
        raise
    except Exception as error:
        remember(job, error)
        metrics.RETRY.inc()
        time.sleep(_pause(attempt_of(job), station))
        raise


def answer(
    message: InspectLayer, station: Station, *, attempt: int, last_failure: str = "", apart: bool = False
) -> None:
    """Publish the verdict on a layer set unless it is published.

    Args:
        message: asks for it.
        station: where to inspect.
        attempt: from 1.
        last_failure: what the attempt before ended with.
        apart: whether to inspect in a process of its own.

    Raises:
        GaveUpError: the attempts are used up; an invalid verdict says so.
        ArtifactsUnwritableError: nothing can be written now; that is no attempt.
        Exception: this attempt failed.
    """
    if station.results.is_published(message.id):
        log.info("already_published", id=message.id, attempt=attempt)
        station.pictures.discard(message.id)
        keep_as_published(message.id, station)
        return
    if attempt > ATTEMPTS:
        raise _given_up(message, station, last_failure or "the worker died each time", attempt=attempt)
    began = time.perf_counter()
    try:
        verdict = _written_before(message, station) or _inspect(message, station, attempt, apart=apart)
    except InspectionCrashedError as error:
        raise _given_up(message, station, str(error), attempt=attempt) from error
    publish(verdict, station, began=began)


def publish(verdict: Verdict, station: Station, *, began: float) -> None:
    """Publish a verdict whose artifacts are written, and count it."""
    inspected = time.perf_counter()
    if not station.publish(verdict):
        log.warning("already_published", id=verdict.id, attempt=verdict.attempt)
        keep_as_published(verdict.id, station)
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
        note_apart(get_current_job())
        return station.apart.inspect(message, attempt=attempt)
    verdict, _ = station.pipeline.inspect(message, attempt=attempt)
    return verdict


def _written_before(message: InspectLayer, station: Station) -> Verdict | None:
    """Return the verdict of a worker that was killed between writing and publishing it.

    Published as it stands, verdict.json and the published body stay the same.
    """
    written = station.pipeline.artifacts.verdict(message.layer_set.key)
    return written if written is not None and written.id == message.id else None


def keep_as_published(inspection_id: str, station: Station) -> None:
    """Write the published verdict over another one of the same inspection.

    Two workers inspect the same where one was taken for dead, as one that is cut off from the network; the verdict of
    the first is published, the second may have written its own into the folder since.
    """
    published = station.results.published(inspection_id)
    if published is None:
        return
    artifacts = station.pipeline.artifacts
    try:
        written = artifacts.verdict(published.key)
        if written is not None and written.id == inspection_id and written != published:
            artifacts.write(published.key, VERDICT, published.to_json().encode())
    except OSError as error:
        log.error("artifact_not_written", layer=str(published.key), error=str(error))  # noqa: TRY400 - no bug of ours


def _pause(attempt: int, station: Station) -> float:
    """Return how long to wait before the next attempt; giving up needs no wait."""
    return station.retry_pause_seconds * 4 ** (attempt - 1) if attempt < ATTEMPTS else 0.0


def _refuse(station: Station, job: Job | None, error: WireError) -> None:
    """Answer a message that no retry will mend."""
    metrics.REFUSED.inc()
    if job is not None:
        job.retries_left = 0
        give_up(job.id, None, station, reason=str(error), attempt=attempt_of(job))
