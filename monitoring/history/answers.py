"""What the history answers with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from layerwatch.layers import LayerKey, Stage
from layerwatch.verdict import Decision, Verdict

DEFECTIVE = (Decision.REVIEW, Decision.REJECT)


def complete(counts: Mapping[Decision, int]) -> dict[Decision, int]:
    """Return counts by decision with a 0 where there is none."""
    return {decision: int(counts.get(decision, 0)) for decision in Decision}


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFacts:
    """A layer in one stage, as its newest revision says.

    Attributes:
        inspection: id of that revision's verdict.
        regions: how many it lists; `regions_truncated` says that there were more.
        defect_area_mm2: None where the size of a pixel is unknown.
        captured: when the printer wrote the last picture.
    """

    printer: str
    build: str
    layer: int
    stage: Stage
    inspection: str
    revision: int
    decision: Decision
    max_confidence: float
    defect_area_ratio: float
    defect_area_mm2: float | None
    regions: int
    regions_truncated: bool
    captured: datetime
    published: datetime

    @property
    def key(self) -> LayerKey:
        return LayerKey(printer=self.printer, build=self.build, layer=self.layer, stage=self.stage)


@dataclass(frozen=True, slots=True)  # made by position, thousands at a time
class StripLayer:
    """What a strip over all layers of a build draws of one; `inspection` is the id of its newest verdict."""

    layer: int
    stage: Stage
    decision: Decision
    inspection: str
    revision: int
    regions: int
    defect_area_ratio: float
    captured: datetime
    published: datetime

    @property
    def seconds(self) -> float:
        """From the printer's last write to the published verdict; 0 where the clocks disagree."""
        return max(0.0, (self.published - self.captured).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerHistory:
    """A layer with all that was ever said of it, newest revision first, regions and hashes within."""

    now: LayerFacts
    revisions: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFacts:
    """A build, and how many of its layers (each stage counts) have which decision; `id` is the number of its row."""

    id: int
    printer: str
    name: str
    first_captured: datetime
    last_captured: datetime
    last_published: datetime
    decisions: Mapping[Decision, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HourFacts:
    """The layers that were captured in one hour."""

    hour: datetime
    decisions: Mapping[Decision, int]

    @property
    def defect_rate(self) -> float | None:
        """Return the share of layers to review or rejected among those that could be judged; None without any."""
        judged = sum(count for decision, count in self.decisions.items() if decision is not Decision.INVALID)
        return sum(self.decisions[decision] for decision in DEFECTIVE) / judged if judged else None
