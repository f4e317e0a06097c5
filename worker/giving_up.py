"""The last answer to a job that cannot be done: an invalid verdict, so that no layer stays without one."""

import time
from datetime import UTC, datetime

import structlog

from layerwatch.job import InspectLayer
from layerwatch.layer_files import MASK, OVERLAY
from layerwatch.layers import INSPECTION_ID, LayerKey
from layerwatch.verdict import ArtifactPaths, Decision, ImageFacts, Timing, Verdict
from worker import metrics
from worker.station import Station

log = structlog.get_logger("worker")


def give_up(inspection_id: str, message: InspectLayer | None, station: Station, *, reason: str, attempt: int) -> bool:
    """Publish an invalid verdict on a job, from its message or, where that cannot be read, from its id alone.

    Returns: whether it was published; not so where there is a verdict already, or the id names no layer.
    """
    key = message.layer_set.key if message is not None else key_of(inspection_id)
    if key is None or station.results.is_published(inspection_id):
        log.error("job_refused", id=inspection_id, reason=reason)
        return False
    metrics.GAVE_UP.inc()
    revision = message.revision if message is not None else station.results.revision(key, inspection_id)
    verdict = Verdict(
        schema=1,
        id=inspection_id,
        printer=key.printer,
        build=key.build,
        layer=key.layer,
        stage=key.stage,
        revision=revision,
        decision=Decision.INVALID,
        reasons=(reason,),
        max_confidence=0.0,
        defect_area_ratio=0.0,
        defect_area_mm2=None,
        regions=(),
        regions_truncated=False,
        images=_images(message),
        model=None,
        artifacts=ArtifactPaths(),
        timing=_timing(message),
        attempt=attempt,
        worker=station.pipeline.worker,
    )
    _write(verdict, station)
    log.error("gave_up", layer=str(key), id=inspection_id, reason=reason)
    began = time.perf_counter()
    published = station.publish(verdict)
    if published:
        metrics.count_verdict(verdict, publish_seconds=time.perf_counter() - began)
    return published


def key_of(inspection_id: str) -> LayerKey | None:
    """Return the layer that an inspection id names, None if it is no such id."""
    try:
        return LayerKey.parse(inspection_id) if INSPECTION_ID.fullmatch(inspection_id) else None
    except ValueError:
        return None


def _images(message: InspectLayer | None) -> tuple[ImageFacts, ...]:
    captures = () if message is None else message.captures
    return tuple(ImageFacts(light=capture.light, path=capture.path, sha256=capture.sha256) for capture in captures)


def _timing(message: InspectLayer | None) -> Timing:
    now = datetime.now(UTC)
    if message is None:
        return Timing(captured=now, settled=now, queued=now, started=now, published=now)
    captured = max(capture.modified for capture in message.captures)
    return Timing(captured=captured, settled=message.settled, queued=message.queued, started=now, published=now)


def _write(verdict: Verdict, station: Station) -> None:
    """Write verdict.json where that is possible; a full disk may be why we give up, and is no reason to be silent."""
    artifacts = station.pipeline.artifacts
    try:
        written = artifacts.verdict(verdict.key)
        if written is None or written.revision <= verdict.revision:
            for name in (OVERLAY, MASK):
                artifacts.remove(verdict.key, name)
        artifacts.write_verdict(verdict)
    except OSError as error:
        log.error("artifact_not_written", layer=str(verdict.key), error=str(error))  # noqa: TRY400 - no bug of ours
