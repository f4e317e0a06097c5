"""The threshold and the area limits: as many defects as can be found while clean layers are left in peace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import AreaLimits, OperatingPoint
from layerwatch.errors import TrainingError
from trainer.measuring import Measured
from trainer.metrics import PixelCounts, precision_recall
from trainer.overlap import COUNTED_PX, Overlap, compare, true_regions

CLEAN_FLAGGED: Final = 0.10  # share of the clean layer sets that may be flagged in validation
AS_GOOD: Final = 0.01  # of region recall; among points as good as the best the pixels decide
SMALLEST_REGIONS: Final = (12, 16, 24, 32, 40, 50, 64, 80, 100, 130)
LEVELS: Final = (64, 96, 128, 160, 192, 224)  # of the threshold, that is, of a region's extent
PEAKS: Final[tuple[int, ...]] = tuple(  # of a region's most certain pixel
    int(level) for level in np.unique(np.rint(255 / (1 + np.exp(-np.linspace(-1.0, 6.5, 30)))))
)


@dataclass(slots=True, kw_only=True)
class Survey:
    """What the validation data says about every threshold; small, whatever the number of layer sets."""

    counts: PixelCounts = field(default_factory=PixelCounts)
    overlaps: list[tuple[Overlap, ...]] = field(default_factory=list)  # by layer set, then by level
    regenerated: bool = False

    def add(self, measured: Measured) -> None:
        """Take one layer set in."""
        self.counts.add(measured.probability, measured.kinds > 0)
        truth = true_regions(measured.kinds)
        self.overlaps.append(
            tuple(
                compare((measured.probability >= level).astype(np.uint8), truth, measured.probability)
                for level in LEVELS
            )
        )
        self.regenerated |= measured.source.regenerated


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One threshold, smallest peak and smallest region, and what they mean in validation; the ratios are 0..1."""

    level: int
    peak: int
    min_region_px: int
    region_recall: float
    clean_flagged: float
    f1: float
    largest_false_px: int


def survey(measured: Iterable[Measured]) -> Survey:
    """Return what all layer sets together say."""
    result = Survey()
    for one in measured:
        result.add(one)
    return result


def choose(found: Survey) -> tuple[OperatingPoint, Candidate]:
    """Return the operating point: the best region recall with at most CLEAN_FLAGGED of the clean sets flagged.

    Among points within AS_GOOD of it, the one with the best F1 of the pixels. Without any point that leaves the
    clean sets in peace, the one that flags fewest.

    Raises:
        TrainingError: no layer set shows a defect; any threshold would do.
    """
    if not found.counts.defect.any():
        raise TrainingError(
            "the validation data shows no defect, so no threshold is better than another: hold back layers with defects"
        )
    candidates = survey_candidates(found)
    allowed = max(CLEAN_FLAGGED, min(one.clean_flagged for one in candidates))
    quiet = [one for one in candidates if one.clean_flagged <= allowed]
    best_recall = max(one.region_recall for one in quiet)
    best = max((one for one in quiet if one.region_recall >= best_recall - AS_GOOD), key=lambda one: one.f1)
    curve = precision_recall(found.counts)
    point = OperatingPoint(
        threshold=best.level / 255,
        limits=AreaLimits(
            min_region_px=best.min_region_px,
            min_confidence=best.peak / 255,
            review_px=best.min_region_px,
            reject_px=max(AreaLimits().reject_px, 2 * best.largest_false_px),
        ),
        recall=float(curve.recall[best.level - 1]),
        precision=float(curve.precision[best.level - 1]),
        measured_on=f"{len(found.overlaps)} validation layer sets{_against(found)}",
    )
    return point, best


def survey_candidates(found: Survey) -> list[Candidate]:
    """Return every choice of threshold, smallest peak and smallest region with its figures."""
    f1 = precision_recall(found.counts).f1
    return [
        _candidate([overlaps[index] for overlaps in found.overlaps], level, peak, min_region_px, f1)
        for (index, level), peak, min_region_px in product(enumerate(LEVELS), PEAKS, SMALLEST_REGIONS)
        if peak >= level
    ]


def _candidate(
    overlaps: Sequence[Overlap], level: int, peak: int, min_region_px: int, f1: NDArray[np.float64]
) -> Candidate:
    hits = np.concatenate([one.found(min_region_px, peak)[one.true_areas >= COUNTED_PX] for one in overlaps])
    clean = np.array([one.largest(peak) for one in overlaps if not len(one.true_areas)])
    return Candidate(
        level=level,
        peak=peak,
        min_region_px=min_region_px,
        region_recall=float(hits.mean()) if len(hits) else 0.0,
        clean_flagged=float((clean >= min_region_px).mean()) if len(clean) else 0.0,
        f1=float(f1[level - 1]),
        largest_false_px=int(clean.max(initial=0)),
    )


def _against(found: Survey) -> str:
    return " against regenerated masks (agreement with thresholding, not recall)" if found.regenerated else ""
