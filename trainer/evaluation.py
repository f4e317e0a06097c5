"""A bundle against the truth: every layer set judged as the worker would judge it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import OperatingPoint
from layerwatch.judging import judge
from layerwatch.verdict import Decision
from layerwatch.vision.regions import Segmentation, find_regions
from trainer.measuring import Measured
from trainer.metrics import PixelCounts
from trainer.overlap import Overlap, compare, true_regions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerResult:
    """What was said about one layer set, and what is true.

    Attributes:
        kind_names: of the true regions, in their order.
        overlap: of served and true regions, in px.
        hit, false, missed: pixels of the served mask that are defects, that are not, and defects outside it.
    """

    name: str
    source: int
    stage: str
    decision: Decision
    kind_names: tuple[str, ...]
    overlap: Overlap
    hit: int
    false: int
    missed: int

    @property
    def clean(self) -> bool:
        return not len(self.overlap.true_areas)

    @property
    def flagged(self) -> bool:
        return self.decision is not Decision.PASS

    def counted(self, counted_px: int) -> NDArray[np.bool_]:
        """Return which true regions are large enough to be asked for, (t,)."""
        return self.overlap.true_areas >= counted_px


@dataclass(slots=True, kw_only=True)
class Evaluation:
    """All results of one precision."""

    counts: PixelCounts = field(default_factory=PixelCounts)
    results: list[LayerResult] = field(default_factory=list)
    regenerated: bool = False

    def add(self, measured: Measured, result: LayerResult) -> None:
        """Take one layer set in."""
        self.counts.add(measured.probability, measured.kinds > 0)
        self.results.append(result)
        self.regenerated |= measured.source.regenerated


def served(measured: Measured, point: OperatingPoint) -> Segmentation:
    """Return the regions and the mask that the worker would publish."""
    return find_regions(
        measured.probability,
        threshold=point.threshold,
        min_area_px=point.limits.min_region_px,
        min_confidence=point.limits.min_confidence,
        mm_per_px=measured.source.profile.mm_per_px,
        plate=measured.plate,
    )


def judge_layer(measured: Measured, point: OperatingPoint, names: Mapping[int, str]) -> LayerResult:
    """Return what the worker would say about one layer set, beside the truth."""
    segmentation = served(measured, point)
    decision, _ = judge(segmentation.regions, point.limits)
    predicted, defect = segmentation.mask > 0, measured.kinds > 0
    overlap = compare(segmentation.mask, true_regions(measured.kinds))
    hit = int(np.count_nonzero(predicted & defect))
    return LayerResult(
        name=measured.files.name,
        source=measured.files.source,
        stage=str(measured.files.stage),
        decision=decision,
        kind_names=tuple(names.get(int(kind), f"kind {kind}") for kind in overlap.true_kinds),
        overlap=overlap,
        hit=hit,
        false=int(np.count_nonzero(predicted)) - hit,
        missed=int(np.count_nonzero(defect)) - hit,
    )
