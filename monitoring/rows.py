"""One verdict as a row: what a person reads first, in words and units."""

from dataclasses import dataclass
from datetime import datetime

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Region, Verdict

NOTHING = "–"  # noqa: RUF001 - a dash is what a table shows for "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The facts of one verdict that tables show.

    Attributes:
        regions: how many defect regions the verdict lists; `regions_truncated` says that there were more.
        largest, total: area of the largest region and of all together, in mm² where known, else in pixels.
        seconds: from the printer's last write to the published verdict.
        bundle: the model that judged, None if none did.
    """

    id: str
    printer: str
    build: str
    layer: int
    stage: Stage
    revision: int
    decision: Decision
    reasons: tuple[str, ...]
    regions: int
    regions_truncated: bool
    largest: str
    total: str
    max_confidence: float
    defect_area_ratio: float
    seconds: float
    published: datetime
    overlay: str | None
    bundle: str | None

    @property
    def key(self) -> str:
        return f"{self.printer}_{self.build}_{self.layer:06d}_{self.stage}"

    @property
    def layer_and_stage(self) -> str:
        return f"{self.layer:06d} {self.stage}"

    @property
    def whose(self) -> str:
        return f"{self.printer} {self.build}"

    @property
    def region_count(self) -> str:
        return f"{self.regions}+" if self.regions_truncated else str(self.regions)

    @property
    def confidence(self) -> str:
        return f"{self.max_confidence:.2f}" if self.decision is not Decision.INVALID else NOTHING

    @property
    def file_to_verdict(self) -> str:
        return seconds_text(self.seconds)


def row_of(verdict: Verdict) -> Row:
    """Return the row of a verdict."""
    return Row(
        id=verdict.id,
        printer=verdict.printer,
        build=verdict.build,
        layer=verdict.layer,
        stage=verdict.stage,
        revision=verdict.revision,
        decision=verdict.decision,
        reasons=verdict.reasons,
        regions=len(verdict.regions),
        regions_truncated=verdict.regions_truncated,
        largest=_largest(verdict.regions),
        total=_total(verdict),
        max_confidence=verdict.max_confidence,
        defect_area_ratio=verdict.defect_area_ratio,
        seconds=verdict.timing.file_to_verdict_seconds,
        published=verdict.timing.published,
        overlay=verdict.artifacts.overlay,
        bundle=verdict.model.bundle if verdict.model is not None else None,
    )


def area_text(area_px: int, area_mm2: float | None) -> str:
    """Return an area as `1.24 mm²`, or as `1,240 px` where the size of a pixel is unknown."""
    if area_mm2 is None:
        return f"{area_px:,} px"
    return f"{area_mm2:,.3f} mm²" if area_mm2 < 1 else f"{area_mm2:,.2f} mm²"


def seconds_text(seconds: float) -> str:
    """Return a duration with two figures that matter: `0.84 s`, `12.3 s`, `5 min`, `3 h`, `2 days`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def _largest(regions: tuple[Region, ...]) -> str:
    if not regions:
        return NOTHING
    region = max(regions, key=lambda region: region.area_px)
    return area_text(region.area_px, region.area_mm2)


def _total(verdict: Verdict) -> str:
    if not verdict.regions:
        return NOTHING
    return area_text(sum(region.area_px for region in verdict.regions), verdict.defect_area_mm2)
