"""A bundle against the truth: every layer set judged as the worker would judge it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import OperatingPoint
from layerwatch.judging import judge
from layerwatch.verdict import Decision
from layerwatch.vision.regions import Segmentation, find_regions
from trainer.ignore import IGNORE, judged
from trainer.measuring import Measured
from trainer.metrics import PixelCounts
from trainer.overlap import Overlap, compare, true_regions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerResult:
    """What was said about one layer set, and what is true.

    Attributes:
        lights: how many pictures it has.
        kind_names: of the true regions, in their order.
        overlap: of served and true regions, in px.
        hit, false, missed: pixels of the served mask that are defects, that are not, and defects outside it.
        kind_pixels: for each kind of defect in it, how many of its pixels the served mask covers, and how many it has.
        levels: how many defect and other pixels got each probability.
    """

    name: str
    source: int
    stage: str
    lights: int
    decision: Decision
    kind_names: tuple[str, ...]
    overlap: Overlap
    hit: int
    false: int
    missed: int
    kind_pixels: Mapping[str, tuple[int, int]]
    levels: PixelCounts

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

    results: list[LayerResult] = field(default_factory=list)
    regenerated: bool = False

    @property
    def counts(self) -> PixelCounts:
        """Return how many pixels of all layer sets together got each probability."""
        counts = PixelCounts()
        for one in self.results:
            counts.defect += one.levels.defect
            counts.other += one.levels.other
        return counts

    def add(self, measured: Measured, result: LayerResult) -> None:
        """Take one layer set in."""
        self.results.append(result)
        self.regenerated |= measured.regenerated


def served(measured: Measured, point: OperatingPoint) -> Segmentation:
    """Return the regions and the mask that the worker would publish."""
    answer, mm_per_px = measured.answer(point.threshold), measured.source.profile.mm_per_px
    return regions_at(point, answer, mm_per_px=mm_per_px, plate=measured.plate)


def regions_at(
    point: OperatingPoint,
    probability: NDArray[np.uint8],
    *,
    mm_per_px: float | None = None,
    plate: NDArray[np.bool_] | None = None,
) -> Segmentation:
    """Return the regions and the mask of a probability * 255, (H, W), at an operating point."""
    return find_regions(
        probability,
        threshold=point.threshold,
        min_area_px=point.limits.min_region_px,
        min_mean_confidence=point.limits.min_mean_confidence,
        certain_mean_confidence=point.limits.certain_mean_confidence,
        mm_per_px=mm_per_px,
        plate=plate,
    )


def judge_layer(measured: Measured, point: OperatingPoint, names: Mapping[int, str]) -> LayerResult:
    """Return what the worker would say about one layer set, beside the truth."""
    segmentation = served(measured, point)
    decision, _ = judge(segmentation.regions, point.limits)
    predicted, defect = (segmentation.mask > 0) & judged(measured.kinds), measured.defects
    overlap = compare(segmentation.mask, true_regions(measured.kinds))
    hit = int(np.count_nonzero(predicted & defect))
    levels = PixelCounts()
    levels.add(measured.probability, measured.kinds)
    return LayerResult(
        name=measured.files.name,
        source=measured.files.source,
        stage=str(measured.files.stage),
        decision=decision,
        lights=len(measured.pictures),
        kind_names=tuple(_named(names, int(kind)) for kind in overlap.true_kinds),
        overlap=overlap,
        hit=hit,
        false=int(np.count_nonzero(predicted)) - hit,
        missed=int(np.count_nonzero(defect)) - hit,
        kind_pixels={
            _named(names, int(kind)): (int(covered), int(there))
            for kind, covered, there in _by_kind(measured.kinds, predicted)
        },
        levels=levels,
    )


def _named(names: Mapping[int, str], kind: int) -> str:
    return names.get(kind, f"kind {kind}")


def _by_kind(kinds: NDArray[np.uint8], predicted: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """Yield kind, pixels of it that are predicted, and all its pixels."""
    there = np.bincount(kinds.ravel(), minlength=2)
    covered = np.bincount(kinds[predicted], minlength=len(there))
    kinds_there = (int(kind) for kind in np.flatnonzero(there) if kind not in {0, IGNORE})
    yield from ((kind, int(covered[kind]), int(there[kind])) for kind in kinds_there)
