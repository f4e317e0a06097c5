"""What programs are answered about a check."""

from typing import Self

from pydantic import Field

from layerwatch.verdict import Decision, ModelFacts, Region, Verdict
from layerwatch.wire import Part
from monitoring.web.addresses import layer_url
from monitoring.web.artifacts import artifact_url
from monitoring.web.check.waiting import Progress, State
from monitoring.web.summary import summary_text

Box = tuple[int, int, int, int]
NOT_DONE = {
    State.QUEUED: "It waits for a worker.",
    State.RUNNING: "A worker inspects it.",
    State.FAILED: "It was given up on: `python -m ingest quarantine list` says why.",
    State.UNKNOWN: "Nobody knows of this inspection; send the pictures again.",
}


class Inspection(Part):
    """How far an inspection is, and what it found; all that the verdict says is null or empty before it is done."""

    id: str
    state: State
    decision: Decision | None = None
    is_defective: bool | None = Field(
        default=None, description="True for review and reject; null for invalid, and before the verdict."
    )
    reasons: tuple[str, ...] = ()
    max_confidence: float | None = None
    defect_area_percentage: float | None = Field(default=None, description="Of the judged picture, 0 to 100.")
    defect_area_mm2: float | None = Field(default=None, description="Null where the size of a pixel is not known.")
    bbox: tuple[Box, ...] = Field(default=(), description="x, y, width, height in pixels, the largest region first.")
    regions: tuple[Region, ...] = Field(default=(), description="The largest first.")
    regions_truncated: bool = False
    overlay: str | None = None
    mask: str | None = None
    page: str | None = Field(default=None, description="The layer among the pages of its build.")
    summary: str = Field(description="The same in words.")
    model: ModelFacts | None = None
    seconds: float | None = Field(default=None, description="From the last byte of the pictures to the verdict.")
    verdict: Verdict | None = Field(default=None, description="All of it, as it was published.")

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """Return the answer about an inspection."""
        verdict = progress.verdict
        if verdict is None:
            return cls(id=progress.id, state=progress.state, summary=NOT_DONE[progress.state])
        regions = sorted(verdict.regions, key=lambda region: region.area_px, reverse=True)
        is_invalid = verdict.decision is Decision.INVALID
        return cls(
            id=verdict.id,
            state=State.DONE,
            decision=verdict.decision,
            is_defective=None if is_invalid else verdict.decision is not Decision.PASS,
            reasons=verdict.reasons,
            max_confidence=None if is_invalid else verdict.max_confidence,
            defect_area_percentage=None if is_invalid else 100 * verdict.defect_area_ratio,
            defect_area_mm2=None if is_invalid else verdict.defect_area_mm2,
            bbox=tuple(region.bbox for region in regions),
            regions=tuple(regions),
            regions_truncated=verdict.regions_truncated,
            overlay=artifact_url(verdict.artifacts.overlay, inspection=verdict.id),
            mask=artifact_url(verdict.artifacts.mask, inspection=verdict.id),
            page=layer_url(verdict.printer, verdict.build, verdict.layer, verdict.stage),
            summary=summary_text(verdict),
            model=verdict.model,
            seconds=verdict.timing.file_to_verdict_seconds,
            verdict=verdict,
        )
