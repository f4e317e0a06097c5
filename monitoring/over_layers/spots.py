"""Marks that stay: the same place in k of n judged layers of one stage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.events import Evidence
from layerwatch.layers import Stage
from monitoring.over_layers.chance import LEAST_ODDS, at_least, chance_in_a_layer
from monitoring.over_layers.finds import Boxes, Finds
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.places import hull, same_place, seen_in

LOOK_BACK = 3  # windows: so far back, where the lists of regions were cut
GROWING = 1.5  # a growing mark weighs so much more
MOST_SPOTS = 50  # those that most layers show; bounds time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spot:
    """One place that several layers show.

    Attributes:
        box: (1, 4) around all that was seen there.
        of: how many judged layers were looked at.
        severity: 1 where the place alone puts the build at risk.
    """

    stage: Stage
    box: Boxes
    layers: tuple[Finds, ...]
    areas_px: tuple[int, ...]
    of: int
    growing: bool
    severity: float
    mm_per_px: float | None

    @property
    def evidence(self) -> Evidence:
        left, top, width, height = (int(value) for value in self.box[0])
        pairs = zip(self.layers, self.areas_px, strict=True)
        return Evidence(
            stage=self.stage,
            bbox=(left, top, width, height),
            growing=self.growing,
            layers=tuple(finds.seen(area, mm_per_px=self.mm_per_px) for finds, area in pairs),
        )


def persistent_spots(layers: Sequence[Finds], limits: RiskLimits) -> tuple[Spot, ...]:
    """Return the places that at least `limits.warn_layers` of the last `limits.window` layers show, gravest first.

    What unrelated marks would show as often by chance is left out. In a layer whose list of regions was cut, a place
    that is not listed is unknown: the layer does not count for it.

    Args:
        layers: judged, of one stage and picture size, in order, the newest last; those before the window only count
            in place of cut ones.
        limits: from when on it says something.
    """
    window = layers[-limits.window :]
    boxes = np.concatenate([finds.boxes for finds in window])
    size = layers[-1].size
    if not len(boxes) or size is None:
        return ()
    whole = all(finds.complete for finds in window)
    looked_at = window if whole else layers[-LOOK_BACK * limits.window :]
    sight = _look(boxes, looked_at, limits)
    often = np.flatnonzero(sight.hits >= limits.warn_layers)
    if not len(often):
        return ()
    chance = chance_in_a_layer(boxes[often], boxes, sight.hits, layers=len(window), size=size, reach=sight.reach)
    places = float((1 / sight.hits).sum())
    told = [
        number
        for number, odds in zip(often, chance, strict=True)
        if at_least(sight.hits[number] - 1, sight.of[number] - 1, odds) * places <= LEAST_ODDS
    ]
    return _spots(boxes, told, sight, looked_at, limits)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sight:
    """Which layer shows which box: for n boxes and l layers."""

    counted: NDArray[np.bool_]  # (n, l)
    hits: NDArray[np.intp]  # (n,)
    of: NDArray[np.intp]  # (n,) judged layers that count
    same: list[NDArray[np.bool_]]  # for each layer (n, regions there)
    reach: float


def _look(boxes: Boxes, layers: Sequence[Finds], limits: RiskLimits) -> _Sight:
    scale = next((finds.mm_per_px for finds in reversed(layers) if finds.mm_per_px), None)
    reach = limits.reach_px if scale is None else limits.reach_mm / scale
    looks = [seen_in(boxes, finds.boxes, reach) for finds in layers]
    seen = np.stack([shown for shown, _ in looks], axis=1)
    known = seen | np.array([finds.complete for finds in layers])
    from_newest = known[:, ::-1].cumsum(axis=1)[:, ::-1]
    in_window = known & (from_newest <= limits.window)
    counted = seen & in_window
    return _Sight(
        counted=counted,
        hits=counted.sum(axis=1),
        of=in_window.sum(axis=1),
        same=[same for _, same in looks],
        reach=float(reach),
    )


def _spots(
    boxes: Boxes, numbers: Sequence[np.intp], sight: _Sight, layers: Sequence[Finds], limits: RiskLimits
) -> tuple[Spot, ...]:
    """Return one spot for all marks that lie at one place, from the one that most layers show."""
    spots: list[Spot] = []
    hulls = np.empty((0, 4))
    for number in sorted(numbers, key=lambda number: (-sight.hits[number], -boxes[number, 2:].prod())):
        if not same_place(boxes[number, None], hulls, sight.reach).any() and len(spots) < MOST_SPOTS:
            spots.append(_spot(number, sight, layers, limits))
            hulls = np.concatenate([hulls, spots[-1].box])
    return tuple(sorted(spots, key=lambda spot: (-spot.severity, -max(spot.areas_px), *spot.box[0])))


def _spot(number: np.intp, sight: _Sight, layers: Sequence[Finds], limits: RiskLimits) -> Spot:
    shown = [(finds, sight.same[place][number]) for place, finds in enumerate(layers) if sight.counted[number, place]]
    areas = tuple(int(finds.areas_px[same].sum()) for finds, same in shown)
    growing = _grows(areas, limits.growth)
    return Spot(
        stage=layers[-1].stage,
        box=hull(np.concatenate([finds.boxes[same] for finds, same in shown])),
        layers=tuple(finds for finds, _ in shown),
        areas_px=areas,
        of=int(sight.of[number]),
        growing=growing,
        severity=len(shown) / limits.layers * (GROWING if growing else 1),
        mm_per_px=next((finds.mm_per_px for finds, _ in shown if finds.mm_per_px), None),
    )


def _grows(areas_px: Sequence[int], growth: float) -> bool:
    half = len(areas_px) // 2
    return half > 0 and sum(areas_px[-half:]) >= growth * sum(areas_px[:half])
