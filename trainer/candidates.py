"""Every choice of threshold and limits, and what it would have meant on the validation data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from trainer.overlap import FOUND_SHARE, Overlap
from trainer.wish import COUNTED_PX

LEVELS: Final = (64, 96, 128, 160, 192, 224)  # of the threshold, that is, of a region's extent
SMALLEST_REGIONS: Final = (12, 16, 20, 24, 28, 32, 40, 50, 64, 80, 100, 130)
MEANS: Final[tuple[int, ...]] = tuple(  # of a region's pixels, as closely as they lie near certainty
    int(level) for level in np.unique(np.rint(255 / (1 + np.exp(-np.linspace(-1.0, 6.5, 60)))))
)
REJECTED_CLEAN: Final = 0.02  # of the clean layer sets may be rejected, so that a few odd pictures do not set the limit
RIGHT_BESIDE: Final = 0.8  # of all served regions are right at least, if those beside a certain one are served too


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One choice, and what it means in validation.

    Attributes:
        level, mean, certain: threshold, least mean of a region, and of one in each defective layer, * 255.
        min_region_px: smallest region.
        region_recall, region_precision: shares of the true and of the served regions, 0..1.
        missed: true regions of COUNTED_PX and more.
        false: served regions that touch no true one.
        clean_flagged: share of the clean layer sets that show a region, 0..1.
        f1: of the pixels at the threshold, 0..1.
        largest_false_px: on a clean set, the worst REJECTED_CLEAN of them left out.
    """

    level: int
    mean: int
    certain: int
    min_region_px: int
    region_recall: float
    region_precision: float
    missed: int
    false: int
    clean_flagged: float
    f1: float
    largest_false_px: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """The regions of all layer sets at one level, in one row.

    Attributes:
        areas, means, touches: of each predicted region, (p,), see `Overlap`.
        owners: the layer set of each, (p,).
        asked: px of each true region, 0 where it is not asked for, (t,).
        pairs: (k, 3) predicted region, true region, shared pixels.
        clean: which layer sets show no defect, (s,) bool.
    """

    areas: NDArray[np.int64]
    means: NDArray[np.float64]
    touches: NDArray[np.bool_]
    owners: NDArray[np.int64]
    asked: NDArray[np.int64]
    pairs: NDArray[np.int64]
    clean: NDArray[np.bool_]

    @classmethod
    def of(cls, overlaps: Sequence[Overlap]) -> Self:
        """Return the regions of all layer sets, one overlap for each."""
        predicted = np.cumsum([0, *(len(one.areas) for one in overlaps)])
        true = np.cumsum([0, *(len(one.true_areas) for one in overlaps)])
        shifts = zip(overlaps, predicted, true, strict=False)
        areas = np.concatenate([one.true_areas for one in overlaps])
        return cls(
            areas=np.concatenate([one.areas for one in overlaps]),
            means=np.concatenate([one.means for one in overlaps]),
            touches=np.concatenate([one.touches for one in overlaps]),
            owners=np.repeat(np.arange(len(overlaps)), np.diff(predicted)),
            asked=np.where(areas >= COUNTED_PX, areas, 0),
            pairs=np.concatenate([one.pairs + np.array([first, first_true, 0]) for one, first, first_true in shifts]),
            clean=np.diff(true) == 0,
        )

    def judge(self, *, level: int, mean: int, certain: int, min_region_px: int, f1: float) -> Candidate:
        """Return what one choice means."""
        counted = (self.areas >= min_region_px) & (self.means >= mean)
        flagged = np.zeros(len(self.clean), np.bool_)
        flagged[self.owners[counted & (self.means >= certain)]] = True
        served = counted & flagged[self.owners]
        pairs = self.pairs[served[self.pairs[:, 0]]]
        shared = np.bincount(pairs[:, 1], pairs[:, 2], minlength=len(self.asked))
        hits = (shared >= FOUND_SHARE * self.asked)[self.asked > 0]
        said, right = int(served.sum()), int((served & self.touches).sum())
        return Candidate(
            level=level,
            mean=mean,
            certain=certain,
            min_region_px=min_region_px,
            region_recall=float(hits.mean()) if len(hits) else 0.0,
            region_precision=right / said if said else 0.0,
            missed=int((~hits).sum()),
            false=said - right,
            clean_flagged=float(flagged[self.clean].mean()) if self.clean.any() else 0.0,
            f1=f1,
            largest_false_px=self._largest_but_few(served),
        )

    def _largest_but_few(self, served: NDArray[np.bool_]) -> int:
        """Return the largest served area on a clean set when REJECTED_CLEAN of them are left out, or 0."""
        largest = np.zeros(len(self.clean), np.int64)
        np.maximum.at(largest, self.owners[served], self.areas[served])
        descending = np.sort(largest[self.clean])[::-1]
        return int(descending[int(REJECTED_CLEAN * len(descending))]) if len(descending) else 0


def candidates(overlaps: Sequence[Sequence[Overlap]], f1: NDArray[np.float64]) -> Iterator[Candidate]:
    """Yield every choice that makes sense.

    Args:
        overlaps: by layer set, then by level as in LEVELS.
        f1: of the pixels at each level from 1 on.
    """
    for index, level in enumerate(LEVELS):
        pool = Pool.of([by_level[index] for by_level in overlaps])
        for certain, min_region_px in product((mean for mean in MEANS if mean >= level), SMALLEST_REGIONS):
            for mean in _beside(certain, level):
                one = pool.judge(
                    level=level, mean=mean, certain=certain, min_region_px=min_region_px, f1=float(f1[level - 1])
                )
                if mean == certain or one.region_precision >= RIGHT_BESIDE:
                    yield one


def _beside(certain: int, level: int) -> Iterator[int]:
    """Yield how certain regions beside a certain one have to be; every other choice is close enough."""
    yield certain
    yield from (mean for mean in MEANS[::-2] if level <= mean < certain)
