"""What was told about a build already, so that it is told once: of both stages, and also after a restart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layerwatch.events import EventKind, Evidence
from monitoring.over_layers.finds import Boxes, Finds
from monitoring.over_layers.places import hull, same_place
from monitoring.over_layers.stage import LONGEST_GAP, StageLayers

MOST_PLACES = 200  # bounds memory, the oldest are forgotten
MOST_SERIES = 50
WARNED, AT_RISK = 1, 2


@dataclass(slots=True, kw_only=True, eq=False)
class Span:
    """The layers that something was told about; after a restart nobody knows how far it went on."""

    first: int
    last: int
    open_end: bool = False

    def is_near(self, first: int, last: int) -> bool:
        """Return whether these layers may be about the same thing."""
        return self.first - LONGEST_GAP <= last and (self.open_end or first <= self.last + LONGEST_GAP)

    def extend(self, first: int, last: int) -> None:
        self.first, self.last, self.open_end = min(self.first, first), max(self.last, last), False


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """A place that was told about, and how gravely."""

    box: Boxes  # (1, 4)
    level: int
    span: Span


class ToldPlaces:
    def __init__(self) -> None:
        self._places: list[Place] = []

    def tell(self, place: Place, *, reach: float) -> int:
        """Enter a place and return how gravely it was told before, 0 for not; with those that lie there it is one."""
        there = self._at(place.box, place.span.first, place.span.last, reach)
        before = max((one.level for one in there), default=0)
        for one in there:
            place.box = hull(np.concatenate([place.box, one.box]))
            place.span.extend(one.span.first, one.span.last)
        place.level = max(place.level, before)
        self._places = [*(one for one in self._places if one not in there), place][-MOST_PLACES:]
        return before

    def remember(self, evidence: Evidence, level: int) -> None:
        """Enter what an event said that was told before."""
        if evidence.bbox is not None:
            place = Place(box=np.array([evidence.bbox], np.float64), level=level, span=_span_of(evidence))
            self.tell(place, reach=0)
            place.span.open_end = True

    def go_on(self, finds: Finds, *, reach: float) -> None:
        """Enter that a layer still shows the places where its marks lie."""
        for place in self._at(finds.boxes, finds.layer, finds.layer, reach):
            place.span.extend(finds.layer, finds.layer)

    def forget_before(self, window: Sequence[Finds]) -> None:
        """Forget what ended before a whole window of judged layers: what comes there later is told again."""
        first, last = window[0].layer, window[-1].layer
        self._places = [
            place for place in self._places if place.span.last >= first or not place.span.is_near(first, last)
        ]

    @property
    def at_risk(self) -> bool:
        return any(place.level >= AT_RISK for place in self._places)

    def _at(self, boxes: Boxes, first: int, last: int, reach: float) -> list[Place]:
        near = [place for place in self._places if place.span.is_near(first, last)]
        if not near:
            return []
        there = same_place(np.concatenate([place.box for place in near]), boxes, reach).any(axis=1)
        return [near[number] for number in np.flatnonzero(there)]


class ToldSeries:
    def __init__(self) -> None:
        self._told: list[tuple[EventKind, Span]] = []

    def is_new(self, kind: EventKind, run: Sequence[Finds], layers: StageLayers) -> bool:
        """Enter a series and return whether it was not told before; it may have become longer.

        Where no layer is known between the two, as after a restart, it is the same.
        """
        first, last = run[0].layer, run[-1].layer
        for told, span in self._told:
            apart = layers.between(span.last, first) or layers.between(last, span.first)
            if told is kind and span.is_near(first, last) and not apart:
                span.extend(first, last)
                return False
        self._told = [*self._told, (kind, Span(first=first, last=last))][-MOST_SERIES:]
        return True

    def remember(self, kind: EventKind, evidence: Evidence) -> None:
        """Enter what an event said that was told before."""
        self._told = [*self._told, (kind, _span_of(evidence))][-MOST_SERIES:]


def _span_of(evidence: Evidence) -> Span:
    layers = [seen.layer for seen in evidence.layers]
    return Span(first=min(layers), last=max(layers), open_end=True)
