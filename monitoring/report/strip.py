"""The build as a strip: a lane for each stage, a column for each layer, or for a few where there are many."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from layerwatch.layers import Stage
from layerwatch.report import ReportedLayer, StageFacts
from layerwatch.verdict import Decision
from monitoring.severity import rank

COLUMNS_AT_MOST = 400
TICKS_ABOUT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Which column a layer stands in.

    Attributes:
        first, last: numbers of layers.
        per_column: how many numbers share a column.
    """

    first: int
    last: int
    per_column: int

    @property
    def columns(self) -> int:
        return (self.last - self.first) // self.per_column + 1

    def column(self, layer: int) -> int:
        return (layer - self.first) // self.per_column

    def ticks(self) -> tuple[tuple[float, int], ...]:
        """Return round numbers of layers, and where the middle of each stands, in columns."""
        step = _round_step((self.last - self.first + 1) / TICKS_ABOUT)
        begin = -(-self.first // step) * step
        numbers = sorted({self.first, *range(begin, self.last + 1, step)})
        if len(numbers) > 1 and numbers[1] - numbers[0] < step * 0.6:
            del numbers[1]
        return tuple(((number - self.first + 0.5) / self.per_column, number) for number in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Neighbouring columns of one decision; None where no layer has a verdict."""

    first: int
    width: int
    decision: Decision | None


@dataclass(slots=True, kw_only=True)
class Lane:
    """One stage over the layers: the worst decision, and the largest defect, of each column.

    Attributes:
        areas: column -> mm², or share of the picture where the size of a pixel is unknown.
    """

    stage: Stage
    decisions: list[Decision | None]
    areas: dict[int, float] = field(default_factory=dict)

    def runs(self, *, apart: bool = False) -> Iterator[Run]:
        """Yield columns of one decision together, or each for itself."""
        begin = 0
        for column in range(1, len(self.decisions) + 1):
            if apart or column == len(self.decisions) or self.decisions[column] is not self.decisions[begin]:
                yield Run(first=begin, width=column - begin, decision=self.decisions[begin])
                begin = column


class Strip:
    """Filled as the layers of a build pass by."""

    def __init__(self, stages: tuple[StageFacts, ...]) -> None:
        first, last = min(facts.first for facts in stages), max(facts.last for facts in stages)
        self.scale = Scale(first=first, last=last, per_column=-(-(last - first + 1) // COLUMNS_AT_MOST))
        self.in_mm2 = all(facts.defect_area_mm2 is not None for facts in stages)
        self.lanes = {
            facts.stage: Lane(stage=facts.stage, decisions=[None] * self.scale.columns) for facts in stages
        }  # fmt: skip

    def add(self, layer: ReportedLayer) -> None:
        lane, column = self.lanes[layer.stage], self.scale.column(layer.layer)
        lane.decisions[column] = worse(lane.decisions[column], layer.decision)
        area = (layer.defect_area_mm2 or 0.0) if self.in_mm2 else layer.defect_area_ratio
        if area:
            lane.areas[column] = max(area, lane.areas.get(column, 0.0))

    def numbers(self, column: int, width: int) -> tuple[int, int]:
        """Return the first and the last layer of neighbouring columns."""
        first = self.scale.first + column * self.scale.per_column
        return first, min(self.scale.last, first + width * self.scale.per_column - 1)

    @property
    def largest_area(self) -> float:
        return max((area for lane in self.lanes.values() for area in lane.areas.values()), default=0.0)


def worse(one: Decision | None, other: Decision) -> Decision:
    return other if one is None else min(one, other, key=rank)


def _round_step(about: float) -> int:
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor >= about:
                return step * factor
        step *= 10
