"""Which part of which layer comes next: most crops around a defect, all kinds of defects alike."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from trainer.hairlines import draw_hairlines
from trainer.ignore import IGNORE, defects, judged
from trainer.paste import MARGIN_PX, NARROW_PX, paste_defect
from trainer.sources import Source
from trainer.store import Sample

ZOOM: Final = (0.75, 1.35)  # how much larger or smaller than the crop its part of the picture is
_SPOTS: Final = 40  # regions of one kind that are remembered for one layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a defect lies: a box in px at the working scale."""

    sample: int
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CropPlan:
    """Everything that choosing a crop needs.

    Attributes:
        samples: the training data.
        side: of a crop, px.
        defect_share: share of the crops that are centred near a defect.
        members: sample numbers by source.
        spots: by source, for each kind of defect where it is.
        weights: by source, summing to 1.
        pasted: by source, share of the crops that get one more defect, copied from another place.
        hairlines: by source, share of the crops into which faint lines are drawn.
        copied: by source, for each kind of defect what can be copied, small or thin; empty where nothing is pasted.
        missed: as spots, those that a trained network does not find; empty where nobody looked.
        false_alarms: by source, where it sees a defect and there is none.
        hard_share: share of the crops that are centred on one of these, where there are any.
    """

    samples: tuple[Sample, ...]
    side: int
    defect_share: float
    members: tuple[tuple[int, ...], ...]
    spots: tuple[tuple[tuple[Spot, ...], ...], ...]
    weights: tuple[float, ...]
    pasted: tuple[float, ...]
    hairlines: tuple[float, ...]
    copied: tuple[tuple[tuple[Spot, ...], ...], ...]
    missed: tuple[tuple[tuple[Spot, ...], ...], ...] = ()
    false_alarms: tuple[tuple[Spot, ...], ...] = ()
    hard_share: float = 0.0

    def kinds(self, source: int) -> list[int]:
        """Return the kinds of defects of a source, in the order in which `spots` lists them."""
        return sorted({kind for number in self.members[source] for kind in self.samples[number].present})


def plan_crops(sources: Sequence[Source], samples: Sequence[Sample], *, side: int, defect_share: float) -> CropPlan:
    """Look once where the defects are.

    Raises:
        TrainingError: no sample shows any defect.
    """
    members: list[list[int]] = [[] for _ in sources]
    spots: list[dict[int, list[Spot]]] = [defaultdict(list) for _ in sources]
    for number, sample in enumerate(samples):
        members[sample.files.source].append(number)
        kinds = sample.load_kinds()
        for kind in sample.present:
            spots[sample.files.source][kind] += spots_of(number, kinds == kind)
    if not any(spots):
        raise TrainingError("none of the training masks shows a defect: there is nothing to learn")
    weights = np.array(
        [(source.weight or len(own)) if own else 0 for source, own in zip(sources, members, strict=True)], float
    )
    return CropPlan(
        samples=tuple(samples),
        side=side,
        defect_share=defect_share,
        members=tuple(map(tuple, members)),
        spots=tuple(tuple(tuple(by_kind[kind]) for kind in sorted(by_kind)) for by_kind in spots),
        weights=tuple(weights / weights.sum()),
        pasted=tuple(source.paste for source in sources),
        hairlines=tuple(source.hairlines for source in sources),
        copied=tuple(_copied(source, sources, spots) if source.paste else () for source in sources),
    )


def draw_crop(plan: CropPlan, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return channels (side, side, 3) uint8 and mask (side, side) uint8 0, 1 or IGNORE of a random crop."""
    source = int(rng.choice(len(plan.weights), p=plan.weights))
    spot = _spot(plan, source, rng)
    if spot:
        sample = plan.samples[spot.sample]
        centre = (spot.left + rng.random() * spot.width, spot.top + rng.random() * spot.height)
        wander = 0.35 * plan.side
        centre = (centre[0] + rng.uniform(-wander, wander), centre[1] + rng.uniform(-wander, wander))
    else:
        sample = plan.samples[plan.members[source][rng.integers(len(plan.members[source]))]]
        height, width = sample.load_kinds().shape
        centre = (rng.random() * width, rng.random() * height)
    channels, mask = _cut(sample, centre, plan.side, rng)
    copied = plan.copied[source]
    if copied and rng.random() < plan.pasted[source]:
        spots = copied[rng.integers(len(copied))]
        channels, mask = paste_defect(channels, mask, *_surrounded(plan, spots[rng.integers(len(spots))]), rng)
    if rng.random() < plan.hairlines[source]:
        channels, mask = draw_hairlines(channels, mask, rng)
    return channels, mask


def _copied(
    source: Source, sources: Sequence[Source], spots: Sequence[Mapping[int, Sequence[Spot]]]
) -> tuple[tuple[Spot, ...], ...]:
    """Return the small and thin regions that the same camera saw, of the kinds that are so as a rule."""
    same = [
        kind
        for other, own in zip(sources, spots, strict=True)
        if other.profile == source.profile
        for kind in own.values()
    ]
    narrow = [(len(kind), [spot for spot in kind if min(spot.width, spot.height) <= NARROW_PX]) for kind in same]
    return tuple(tuple(spots) for number, spots in narrow if 2 * len(spots) > number)


def _surrounded(plan: CropPlan, spot: Spot) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return a defect with ground around it, and where in it the defect is."""
    around = np.s_[
        max(0, spot.top - MARGIN_PX) : spot.top + spot.height + MARGIN_PX,
        max(0, spot.left - MARGIN_PX) : spot.left + spot.width + MARGIN_PX,
    ]
    sample = plan.samples[spot.sample]
    return sample.load_channels()[around], defects(sample.load_kinds()[around])


def _spot(plan: CropPlan, source: int, rng: np.random.Generator) -> Spot | None:
    """Return what the next crop is centred near, None for any place."""
    by_kind = plan.spots[source]
    near_defect, hard = bool(by_kind) and rng.random() < plan.defect_share, rng.random() < plan.hard_share
    candidates: tuple[Spot, ...] = ()
    if near_defect:
        kind = rng.integers(len(by_kind))
        candidates = (hard and plan.missed[source][kind]) or by_kind[kind]
    elif hard:
        candidates = plan.false_alarms[source]
    return candidates[rng.integers(len(candidates))] if candidates else None


def _cut(
    sample: Sample, centre: tuple[float, float], side: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    channels, kinds = sample.load_channels(), sample.load_kinds()
    height, width = kinds.shape
    wanted = max(32, round(side * np.exp(rng.uniform(*np.log(ZOOM)))))
    high, wide = min(wanted, height), min(wanted, width)
    top = int(np.clip(round(centre[1] - high / 2), 0, height - high))
    left = int(np.clip(round(centre[0] - wide / 2), 0, width - wide))
    part = np.ascontiguousarray(channels[top : top + high, left : left + wide])
    truth = _squared(np.ascontiguousarray(kinds[top : top + high, left : left + wide]), wanted)
    part = _squared(part, wanted)
    shrinks = wanted > side
    part = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return part.astype(np.uint8), _resized(truth, side, 0.35 if shrinks else 0.5)


def _resized(kinds: NDArray[np.uint8], side: int, share: float) -> NDArray[np.uint8]:
    """Return a mask (side, side) of 0, 1 or IGNORE; `share` of a pixel makes it a defect, or keeps it from clean."""
    covered = cv2.resize(defects(kinds).astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    mask: NDArray[np.uint8] = (covered >= share).astype(np.uint8)
    if not judged(kinds).all():
        covered += cv2.resize((~judged(kinds)).astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        mask[(covered >= share) & (mask == 0)] = IGNORE
    return mask


def _squared(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return pixels mirrored downwards and to the right until they are (side, side)."""
    below, right = side - pixels.shape[0], side - pixels.shape[1]
    if not below and not right:
        return pixels
    return np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REFLECT), np.uint8)


def spots_of(sample: int, defect: NDArray[np.bool_]) -> list[Spot]:
    """Return where the largest connected regions of a map (h, w) are, largest first."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(defect.astype(np.uint8), connectivity=8)
    order = np.argsort(-stats[1:count, cv2.CC_STAT_AREA])[:_SPOTS] + 1
    return [Spot(sample=sample, left=int(x), top=int(y), width=int(w), height=int(h)) for x, y, w, h, _ in stats[order]]
