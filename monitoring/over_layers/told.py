"""What was told about a build already, so that it is told once: of both stages, and also after a restart."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from layerwatch.events import EventKind, Evidence
from monitoring.over_layers.finds import Boxes, Finds
from monitoring.over_layers.places import hull, same_place
from monitoring.over_layers.stage import StageLayers

MOST_PLACES = 200  # bounds memory, the oldest are forgotten
WARNED, AT_RISK = 1, 2


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """A place that was told about: how gravely, and the newest layer that shows it."""

    box: Boxes  # (1, 4)
    level: int
    last: int


class ToldPlaces:
    def __init__(self) -> None:
        self._places: list[Place] = []

    def level_at(self, box: Boxes, reach: float) -> int:
        """Return how gravely a place was told about, 0 for not."""
        return max((place.level for place in self._at(box, reach)), default=0)

    def tell(self, box: Boxes, *, level: int, last: int, reach: float) -> None:
        """Enter a place; with those that lie there already it is one."""
        there = self._at(box, reach)
        merged = Place(
            box=hull(np.concatenate([box, *(place.box for place in there)])),
            level=max([level, *(place.level for place in there)]),
            last=max([last, *(place.last for place in there)]),
        )
        self._places = [*(place for place in self._places if place not in there), merged][-MOST_PLACES:]

    def remember(self, evidence: Evidence, level: int) -> None:
        """Enter what an event said that was told before."""
        if evidence.bbox is not None:
            box = np.array([evidence.bbox], np.float64)
            self.tell(box, level=level, last=max(seen.layer for seen in evidence.layers), reach=0)

    def go_on(self, boxes: Boxes, *, layer: int, reach: float) -> None:
        """Enter that a layer still shows the places where these marks lie."""
        for place in self._at(boxes, reach):
            place.last = max(place.last, layer)

    def forget_past(self, stages: Collection[StageLayers], window: int) -> None:
        """Forget what a whole window of judged layers no longer shows: what comes there later is told again."""
        self._places = [
            place for place in self._places if any(layers.judged_after(place.last) < window for layers in stages)
        ]

    @property
    def at_risk(self) -> bool:
        return any(place.level >= AT_RISK for place in self._places)

    def _at(self, boxes: Boxes, reach: float) -> list[Place]:
        if not self._places:
            return []
        there = same_place(np.concatenate([place.box for place in self._places]), boxes, reach).any(axis=1)
        return [self._places[place] for place in np.flatnonzero(there)]


class ToldSeries:
    def __init__(self) -> None:
        self._told: dict[EventKind, tuple[int, int]] = {}  # first and last layer

    def is_new(self, kind: EventKind, run: Sequence[Finds], layers: StageLayers) -> bool:
        """Enter a series and return whether it is another than the one told last; it may have become longer.

        Where no layer is known between the two, as after a restart, it is the same.
        """
        first, last = run[0].layer, run[-1].layer
        told = self._told.get(kind)
        same = told is not None and not layers.between(told[1], first) and not layers.between(last, told[0])
        self._told[kind] = (min(first, told[0]), max(last, told[1])) if told and same else (first, last)
        return not same

    def remember(self, kind: EventKind, evidence: Evidence) -> None:
        """Enter what an event said that was told before."""
        self._told[kind] = (evidence.layers[0].layer, evidence.layers[-1].layer)
