"""The threshold and the area limits: as many defects as can be found while clean layers are left in peace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from layerwatch.bundle import AreaLimits, OperatingPoint
from layerwatch.errors import TrainingError
from trainer.candidates import LEVELS, Candidate, candidates
from trainer.measuring import Measured
from trainer.metrics import PixelCounts, precision_recall
from trainer.overlap import Overlap, compare, true_regions
from trainer.wish import COUNTED_PX, Wish

ENOUGH_REGIONS: Final = 5  # true regions below which a threshold would be tuned on chance
AS_GOOD: Final = 0.005  # of region recall; among points as good as the best the F1 of the pixels decides
ALIKE: Final = 0.01  # of region recall that may be given up so that both precisions decide by the same limits


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


def survey(measured: Iterable[Measured]) -> Survey:
    """Return what all layer sets together say."""
    result = Survey()
    for one in measured:
        result.add(one)
    return result


def choose(
    found: Survey, wish: Wish | None = None, *, like: Candidate | None = None
) -> tuple[OperatingPoint, Candidate]:
    """Return the operating point that fulfils the wish best.

    Args:
        found: what the validation data says.
        wish: what the point is for.
        like: the point of the other precision; of points that do as well, the one that draws regions like it wins, so
            that both decide alike.

    Raises:
        TrainingError: too few defects to tune anything on, or no threshold does what is wished.
    """
    wish = wish or Wish()
    _check_enough(found)
    curve = precision_recall(found.counts)
    best = _best(list(candidates(found.overlaps, curve.f1)), wish, like)
    point = OperatingPoint(
        threshold=best.level / 255,
        limits=AreaLimits(
            min_region_px=best.min_region_px,
            min_mean_confidence=best.mean / 255,
            certain_mean_confidence=best.certain / 255,
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


def merit(candidate: Candidate, wish: Wish, like: Candidate | None = None) -> tuple[float, ...]:
    """Return how well a network at this operating point does what is wished; the greater the better."""
    if wish.miss_cost is not None:
        return -(wish.miss_cost * candidate.missed + candidate.false), *_beauty(candidate, like)
    if wish.min_recall is not None:
        return -candidate.clean_flagged, *_beauty(candidate, like)
    return candidate.region_recall, *_beauty(candidate, like)


def _beauty(candidate: Candidate, like: Candidate | None = None) -> tuple[float, ...]:
    """Return what decides between points that do as well as each other."""
    return *_alike(candidate, like), candidate.f1, candidate.region_precision


def _alike(candidate: Candidate, like: Candidate | None) -> tuple[float, ...]:
    """Return how near the limits of one point are to those of the other, what changes most decisions first."""
    if like is None:
        return ()
    names = ("level", "min_region_px", "certain", "mean")
    return tuple(-abs(getattr(candidate, name) - getattr(like, name)) for name in names)


def _best(candidates: Sequence[Candidate], wish: Wish, like: Candidate | None) -> Candidate:
    if wish.miss_cost is not None:
        return max(candidates, key=lambda one: merit(one, wish, like))
    if wish.min_recall is not None:
        enough = _wished(candidates, [one.region_recall for one in candidates], wish.min_recall, wish)
        return max(enough, key=lambda one: merit(one, wish, like))
    if wish.min_precision is not None:
        quiet = _wished(candidates, [one.region_precision for one in candidates], wish.min_precision, wish)
    else:
        # Without any point that leaves the clean sets in peace, the one that flags fewest.
        allowed = max(wish.clean_flagged, min(one.clean_flagged for one in candidates))
        quiet = [one for one in candidates if one.clean_flagged <= allowed]
    least = max(one.region_recall for one in quiet) - (AS_GOOD if like is None else ALIKE)
    return max((one for one in quiet if one.region_recall >= least), key=lambda one: _beauty(one, like))


def _wished(candidates: Sequence[Candidate], values: Sequence[float], least: float, wish: Wish) -> list[Candidate]:
    fitting = [one for one, value in zip(candidates, values, strict=True) if value >= least]
    if not fitting:
        raise TrainingError(f"no threshold gives {wish}: the best reaches {max(values):.1%} in validation")
    return fitting


def _against(found: Survey) -> str:
    return " against regenerated masks (agreement with thresholding, not recall)" if found.regenerated else ""
