"""What the pages of builds show beside what the API answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from layerwatch.layers import Stage
from layerwatch.verdict import Decision
from monitoring.history.answers import StripLayer
from monitoring.severity import GRAVEST_FIRST, rank
from monitoring.web.build.answers import BuildHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of a decision in a bar, in percent of its width."""

    decision: Decision
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildView:
    """A build as the list and its own page show it.

    Attributes:
        counts: layer sets by decision, those that there are.
        shares: the same as parts of a bar, worst first.
    """

    head: BuildHead
    counts: Mapping[Decision, int]
    shares: tuple[Share, ...]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def as_views(heads: Sequence[BuildHead]) -> tuple[BuildView, ...]:
    return tuple(map(build_view, heads))


def build_view(head: BuildHead) -> BuildView:
    """Return a build with its counts, and as parts of a bar."""
    counts = {decision: count for decision, count in head.decisions.items() if count}
    return BuildView(head=head, counts=counts, shares=tuple(_shares(counts)))


def _shares(counts: Mapping[Decision, int]) -> Iterable[Share]:
    total, before = sum(counts.values()), 0
    for decision in GRAVEST_FIRST:
        if count := counts.get(decision, 0):
            yield Share(decision=decision, start=100 * before / total, width=100 * count / total)
            before += count


def worst_layers(strip: Sequence[StripLayer], *, limit: int) -> list[StripLayer]:
    """Return the layers that do not pass: rejected before those to review, larger defects first."""
    found = [layer for layer in strip if layer.decision is not Decision.PASS]
    return sorted(found, key=lambda layer: (rank(layer.decision), -layer.defect_area_ratio))[:limit]


def chosen_layer(strip: Sequence[StripLayer], layer: int | None, stage: Stage | None) -> StripLayer:
    """Return the layer that was asked for, in the other stage where this one has none, else the latest."""
    same = [each for each in strip if each.layer == layer]
    exact = [each for each in same if each.stage is stage]
    return (exact or same or list(strip))[-1]
