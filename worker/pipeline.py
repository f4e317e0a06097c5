"""One inspection from the message to the artifacts: read, segment, judge, draw, write."""

from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import UTC, datetime

from layerwatch.job import InspectLayer
from layerwatch.layer_files import MASK, OVERLAY
from layerwatch.verdict import ArtifactPaths, Decision, Timing, Verdict
from layerwatch.vision.encode import encode_jpeg, encode_mask
from layerwatch.vision.overlay import draw_overlay
from worker.artifacts import ArtifactStore
from worker.inspection import Findings, examine
from worker.model import LoadedModel
from worker.reader import Reader
from worker.stopwatch import Stopwatch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pipeline:
    """What every inspection of this process shares.

    Attributes:
        worker: named in each verdict.
    """

    model: LoadedModel
    artifacts: ArtifactStore
    reader: Reader
    worker: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def inspect(self, message: InspectLayer, *, attempt: int) -> tuple[Verdict, Findings]:
        """Return the verdict on a layer set, whose artifacts are then written, verdict.json last.

        Where a newer revision of the layer has its artifacts already, they stay, and the verdict names none and lies
        beside them.

        Raises:
            ArtifactsUnwritableError: no artifact can be written now.
            OSError: a picture cannot be read now or an artifact not be written; trying again may help.
        """
        started, watch = self.now(), Stopwatch()
        with watch.step("read"):
            readings = self.reader.read(message)
        findings = examine(message, readings, self.model, watch)
        written = self.artifacts.verdict(message.layer_set.key)
        newest = written is None or written.revision <= message.revision
        with watch.step("artifacts"):
            paths = self._draw(message, findings) if newest else ArtifactPaths()
        timing = self._timing(message, started, watch)
        verdict = self._verdict(message, findings, paths=paths, timing=timing, attempt=attempt)
        self.artifacts.write_verdict(verdict)
        return verdict, findings

    def _draw(self, message: InspectLayer, findings: Findings) -> ArtifactPaths:
        key = message.layer_set.key
        if findings.shown is None or findings.segmentation is None:
            for name in (OVERLAY, MASK):
                self.artifacts.remove(key, name)
            return ArtifactPaths()
        found = findings.segmentation
        mask = self.artifacts.write_beside(key, MASK, lambda: encode_mask(found.mask))
        overlay = draw_overlay(
            findings.shown.pixels, found, caption=caption(message, findings), decision=findings.decision
        )
        try:
            written = self.artifacts.write(key, OVERLAY, encode_jpeg(overlay))
        except OSError:
            wait([mask])  # the job is another's from here on, and so are its artifacts
            raise
        return ArtifactPaths(overlay=written, mask=mask.result())

    def _timing(self, message: InspectLayer, started: datetime, watch: Stopwatch) -> Timing:
        return Timing(
            captured=max(capture.modified for capture in message.captures),
            settled=message.settled,
            queued=message.queued,
            started=started,
            published=self.now(),
            seconds=watch.seconds(),
        )

    def _verdict(
        self, message: InspectLayer, findings: Findings, *, paths: ArtifactPaths, timing: Timing, attempt: int
    ) -> Verdict:
        found = findings.segmentation
        area_px = 0 if found is None else found.area_px
        mm_per_px = message.optics.mm_per_px
        return Verdict(
            schema=1,
            id=message.id,
            printer=message.printer,
            build=message.build,
            layer=message.layer,
            stage=message.stage,
            revision=message.revision,
            decision=findings.decision,
            reasons=findings.reasons,
            max_confidence=0.0 if found is None else found.max_confidence,
            defect_area_ratio=area_px / findings.judged_px if findings.judged_px else 0.0,
            defect_area_mm2=None if mm_per_px is None else area_px * mm_per_px**2,
            regions=() if found is None else found.regions,
            regions_truncated=found is not None and found.truncated,
            images=findings.images,
            model=None if findings.decision is Decision.INVALID else self.model.facts,
            artifacts=paths,
            timing=timing,
            attempt=attempt,
            worker=self.worker,
        )


def caption(message: InspectLayer, findings: Findings) -> str:
    """Return the words under the overlay."""
    what = "; ".join(findings.reasons) or "no defect reaches a limit"
    return f"{message.printer} · {message.build} · layer {message.layer} · {message.stage}: {what}"
