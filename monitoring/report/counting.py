"""The figures of a build, counted as its layers pass by in order: memory grows by a few bytes a layer."""

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from layerwatch.layers import Stage
from layerwatch.report import Gap, ModelUse, ReportedLayer, Seconds, StageFacts
from layerwatch.verdict import Decision, ModelFacts
from monitoring.history.answers import complete

STAGES = (Stage.RECOAT, Stage.MELT)  # as they happen


@dataclass(slots=True)
class StageCount:
    """What passed by of one stage."""

    first: int = 0
    last: int = 0
    decisions: Counter[Decision] = field(default_factory=Counter)
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    area_mm2: float | None = 0.0
    largest_ratio: float = 0.0
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def add(self, layer: ReportedLayer) -> None:
        if not self.decisions:
            self.first = layer.layer
        elif layer.layer > self.last + 1:
            self.gaps.append((self.last + 1, layer.layer - 1))
        self.last = layer.layer
        self.decisions[layer.decision] += 1
        self.seconds.append(layer.seconds)
        self.largest_ratio = max(self.largest_ratio, layer.defect_area_ratio)
        if layer.defect_area_px:
            unknown = self.area_mm2 is None or layer.defect_area_mm2 is None
            self.area_mm2 = None if unknown else (self.area_mm2 or 0.0) + (layer.defect_area_mm2 or 0.0)


class BuildCount:
    """Counts the layers of a build, which come in the order of their numbers."""

    def __init__(self) -> None:
        self._stages: dict[Stage, StageCount] = {}
        self._models = Counter[ModelFacts]()
        self.verdicts = 0

    def add(self, layer: ReportedLayer) -> None:
        self._stages.setdefault(layer.stage, StageCount()).add(layer)
        self.verdicts += 1 + len(layer.earlier)
        if layer.model is not None:
            self._models[layer.model] += 1

    @property
    def decisions(self) -> Mapping[Decision, int]:
        together = sum((count.decisions for count in self._stages.values()), Counter[Decision]())
        return complete(together)

    @property
    def stages(self) -> tuple[StageFacts, ...]:
        return tuple(_facts(stage, self._stages[stage]) for stage in STAGES if stage in self._stages)

    @property
    def models(self) -> tuple[ModelUse, ...]:
        return tuple(ModelUse(model=model, layers=layers) for model, layers in self._models.most_common())

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(
            Gap(stage=stage, first=first, last=last)
            for stage in STAGES
            if stage in self._stages
            for first, last in self._stages[stage].gaps
        )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least such a share of ascending values does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _facts(stage: Stage, count: StageCount) -> StageFacts:
    seconds = sorted(count.seconds)
    return StageFacts(
        stage=stage,
        first=count.first,
        last=count.last,
        layers=count.decisions.total(),
        decisions=complete(count.decisions),
        seconds=Seconds(p50=quantile(seconds, 0.5), p95=quantile(seconds, 0.95), longest=seconds[-1]),
        defect_area_mm2=count.area_mm2,
        largest_defect_ratio=count.largest_ratio,
    )
