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
from trainer.wish import Wish

ENOUGH_REGIONS: Final = 5  # true regions below which a threshold would be tuned on chance
AS_GOOD: Final = 0.01  # of region recall; among points as good as the best the F1 of the pixels decides
REJECTED_CLEAN: Final = 0.02  # of the clean layer sets may be rejected, so that a few odd pictures do not set the limit
SMALLEST_REGIONS: Final = (12, 16, 24, 32, 40, 50, 64, 80, 100, 130)
LEVELS: Final = (64, 96, 128, 160, 192, 224)  # of the threshold, that is, of a region's extent
MEANS: Final[tuple[int, ...]] = tuple(  # of a region's pixels, as closely as they lie near certainty
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
        self.counts.add(measured.probability, measured.kinds)
        truth = true_regions(measured.kinds)
        self.overlaps.append(
            tuple(
                compare((measured.probability >= level).astype(np.uint8), truth, measured.probability)
                for level in LEVELS
            )
        )
        self.regenerated |= measured.regenerated


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One threshold, smallest mean and smallest region, and what they mean in validation.

    Shares are 0..1; `missed` true regions have at least COUNTED_PX, `false` served ones touch no true one, and
    `largest_false_px` leaves the worst REJECTED_CLEAN of the clean sets out.
    """

    level: int
    mean: int
    min_region_px: int
    region_recall: float
    region_precision: float
    missed: int
    false: int
    clean_flagged: float
    f1: float
    largest_false_px: int


def survey(measured: Iterable[Measured]) -> Survey:
    """Return what all layer sets together say."""
    result = Survey()
    for one in measured:
        result.add(one)
    return result


def choose(found: Survey, wish: Wish | None = None) -> tuple[OperatingPoint, Candidate]:
    """Return the operating point that fulfils the wish best.

    Raises:
        TrainingError: too few defects to tune anything on, or no threshold does what is wished.
    """
    wish = wish or Wish()
    _check_enough(found)
    best = _best(survey_candidates(found), wish)
    curve = precision_recall(found.counts)
    point = OperatingPoint(
        threshold=best.level / 255,
        limits=AreaLimits(
            min_region_px=best.min_region_px,
            min_mean_confidence=best.mean / 255,
            review_px=best.min_region_px,
            reject_px=max(AreaLimits().reject_px, 2 * best.largest_false_px),
        ),
        recall=float(curve.recall[best.level - 1]),
        precision=float(curve.precision[best.level - 1]),
        measured_on=f"{len(found.overlaps)} validation layer sets{_against(found)}",
    )
    return point, best


def _check_enough(found: Survey) -> None:
    if not found.counts.defect.any():
        raise TrainingError(
            "the validation data shows no defect, so no threshold is better than another: hold back layers with defects"
        )
    regions = sum(int((overlaps[0].true_areas >= COUNTED_PX).sum()) for overlaps in found.overlaps)
    if regions < ENOUGH_REGIONS:
        raise TrainingError(
            f"the validation data shows {regions} defect regions of {COUNTED_PX} px and more, and a threshold tuned on "
            f"fewer than {ENOUGH_REGIONS} is chance: hold back more layers with defects (--validation-share)"
        )


def merit(candidate: Candidate, wish: Wish) -> tuple[float, float]:
    """Return how well a network at this operating point does what is wished; the greater the better."""
    if wish.miss_cost is not None:
        return -(wish.miss_cost * candidate.missed + candidate.false), candidate.f1
    if wish.min_recall is not None:
        return -candidate.clean_flagged, candidate.f1
    return candidate.region_recall, candidate.f1


def _best(candidates: Sequence[Candidate], wish: Wish) -> Candidate:
    if wish.miss_cost is not None:
        return max(candidates, key=lambda one: merit(one, wish))
    if wish.min_recall is not None:
        enough = _wished(candidates, [one.region_recall for one in candidates], wish.min_recall, wish)
        return max(enough, key=lambda one: merit(one, wish))
    if wish.min_precision is not None:
        quiet = _wished(candidates, [one.region_precision for one in candidates], wish.min_precision, wish)
    else:
        # Without any point that leaves the clean sets in peace, the one that flags fewest.
        allowed = max(wish.clean_flagged, min(one.clean_flagged for one in candidates))
        quiet = [one for one in candidates if one.clean_flagged <= allowed]
    best_recall = max(one.region_recall for one in quiet)
    return max((one for one in quiet if one.region_recall >= best_recall - AS_GOOD), key=lambda one: one.f1)


def _wished(candidates: Sequence[Candidate], values: Sequence[float], least: float, wish: Wish) -> list[Candidate]:
    fitting = [one for one, value in zip(candidates, values, strict=True) if value >= least]
    if not fitting:
        raise TrainingError(f"no threshold gives {wish}: the best reaches {max(values):.1%} in validation")
    return fitting


def survey_candidates(found: Survey) -> list[Candidate]:
    """Return every choice of threshold, smallest mean and smallest region with its figures."""
    f1 = precision_recall(found.counts).f1
    return [
        _candidate([overlaps[index] for overlaps in found.overlaps], level, mean, min_region_px, f1)
        for (index, level), mean, min_region_px in product(enumerate(LEVELS), MEANS, SMALLEST_REGIONS)
        if mean >= level
    ]


def _candidate(
    overlaps: Sequence[Overlap], level: int, mean: int, min_region_px: int, f1: NDArray[np.float64]
) -> Candidate:
    hits = np.concatenate([one.found(min_region_px, mean)[one.true_areas >= COUNTED_PX] for one in overlaps])
    served = [(one.areas >= min_region_px) & (one.means >= mean) for one in overlaps]
    said = sum(int(which.sum()) for which in served)
    right = sum(int(one.touches[which].sum()) for one, which in zip(overlaps, served, strict=True))
    clean = np.array([one.largest(mean) for one in overlaps if not len(one.true_areas)], np.int64)
    return Candidate(
        level=level,
        mean=mean,
        min_region_px=min_region_px,
        region_recall=float(hits.mean()) if len(hits) else 0.0,
        region_precision=right / said if said else 0.0,
        missed=int((~hits).sum()),
        false=said - right,
        clean_flagged=float((clean >= min_region_px).mean()) if len(clean) else 0.0,
        f1=float(f1[level - 1]),
        largest_false_px=_largest_but_few(clean),
    )


def _largest_but_few(areas: NDArray[np.int64]) -> int:
    """Return the largest area when REJECTED_CLEAN of them are left out, 0 if there is none."""
    descending = np.sort(areas)[::-1]
    return int(descending[int(REJECTED_CLEAN * len(areas))]) if len(areas) else 0


def _against(found: Survey) -> str:
    return " against regenerated masks (agreement with thresholding, not recall)" if found.regenerated else ""
