"""What a document shows of the layers, picked as they pass by; of each kind a bounded number."""

import heapq
from dataclasses import dataclass, field

from pydantic import ValidationError

from layerwatch.events import Event
from layerwatch.report import EventNote, ReportedLayer, StageFacts
from layerwatch.verdict import Decision
from monitoring.report.strip import Strip
from monitoring.severity import rank

WORST = 12
LISTED = 100

Rank = tuple[int, float, float, int, str]


@dataclass(slots=True)
class Listed:
    """The first of many layers, and how many there are."""

    shown: list[ReportedLayer] = field(default_factory=list)
    count: int = 0

    def add(self, layer: ReportedLayer) -> None:
        self.count += 1
        if len(self.shown) < LISTED:
            self.shown.append(layer)

    @property
    def hidden(self) -> int:
        return self.count - len(self.shown)


class Findings:
    """Filled layer by layer."""

    def __init__(self, stages: tuple[StageFacts, ...]) -> None:
        self.strip = Strip(stages)
        self.invalid = Listed()
        self.revised = Listed()
        self._worst: list[tuple[Rank, ReportedLayer]] = []

    def add(self, layer: ReportedLayer) -> None:
        self.strip.add(layer)
        if layer.decision is Decision.INVALID:
            self.invalid.add(layer)
        if layer.earlier:
            self.revised.add(layer)
        if layer.decision in {Decision.REVIEW, Decision.REJECT}:
            place = (_rank(layer), layer)
            if len(self._worst) < WORST:
                heapq.heappush(self._worst, place)
            else:
                heapq.heappushpop(self._worst, place)

    @property
    def worst(self) -> tuple[ReportedLayer, ...]:
        """Rejected layers before those to review, larger defects first."""
        return tuple(layer for _, layer in sorted(self._worst, key=lambda each: each[0], reverse=True))


def _rank(layer: ReportedLayer) -> Rank:
    return -rank(layer.decision), layer.defect_area_ratio, layer.max_confidence, -layer.layer, layer.inspection


def told_event(note: EventNote) -> Event | None:
    """Return the event that a note keeps, None where it is of a later version."""
    try:
        return Event.model_validate(note.body)
    except ValidationError:
        return None
