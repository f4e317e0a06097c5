"""One build: which marks stay, which series of bad layers there are, and what of it was not told yet. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from layerwatch.events import Event, EventKind
from layerwatch.layers import Stage
from layerwatch.verdict import Decision
from monitoring.over_layers.finds import Finds
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.spots import Spot, persistent_spots
from monitoring.over_layers.stage import LONGEST_GAP, StageLayers
from monitoring.over_layers.told import AT_RISK, WARNED, Place, Span, ToldPlaces, ToldSeries


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Risk:
    """Places that were not told about yet, or less gravely.

    Attributes:
        spots: of the stage that was looked at, gravest first.
        beside: of the other stage, where only both together put the build at risk.
    """

    kind: EventKind
    spots: tuple[Spot, ...]
    beside: tuple[Spot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    kind: EventKind
    layers: Sequence[Finds]


class _StageState:
    def __init__(self, limits: RiskLimits) -> None:
        self.layers = StageLayers(limits.window)
        self.spots: tuple[Spot, ...] = ()  # of the newest window
        self.mm_per_px: float | None = None


class BuildRecord:
    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits
        self._stages: Mapping[Stage, _StageState] = {stage: _StageState(limits) for stage in Stage}
        self._places = ToldPlaces()
        self._told_series = ToldSeries()

    def see(self, finds: Finds) -> tuple[Risk | Series, ...] | None:
        """Enter a layer and return what it shows that was not told yet; None if it says nothing new."""
        state = self._stages[finds.stage]
        if not state.layers.put(finds):
            return None
        state.mm_per_px = finds.mm_per_px or state.mm_per_px
        return (*self._risks(finds, state), *self._series(finds, state))

    def remember(self, event: Event) -> None:
        """Enter an event that was told before."""
        for evidence in event.evidence:
            if event.kind in {EventKind.BUILD_AT_RISK, EventKind.DEFECT_PERSISTS}:
                self._places.remember(evidence, AT_RISK if event.kind is EventKind.BUILD_AT_RISK else WARNED)
            elif event.kind in {EventKind.REJECT_SERIES, EventKind.INVALID_SERIES}:
                self._told_series.remember(event.kind, evidence)

    @property
    def at_risk(self) -> bool:
        """Whether a place that put the build at risk is still there."""
        return self._places.at_risk

    def _risks(self, finds: Finds, state: _StageState) -> Iterator[Risk]:
        if finds.judged:
            self._places.go_on(finds, reach=self._reach(state))
        for window in state.layers.windows_with(finds):
            spots = persistent_spots(window, self._limits)
            if window[-1].layer == state.layers.newest:
                state.spots = spots
            yield from self._untold(spots, state)
            if len(window) >= self._limits.window:
                self._places.forget_before(window[-self._limits.window :])

    def _untold(self, spots: tuple[Spot, ...], state: _StageState) -> Iterator[Risk]:
        """Yield what was not told yet, as one: mild places stand beside grave ones, if there are any."""
        beside = self._beside(spots[0]) if spots else ()
        fresh: dict[int, list[Spot]] = {AT_RISK: [], WARNED: []}
        for spot in spots:
            both = spot.severity + (beside[0].severity if beside and spot is spots[0] else 0)
            level = AT_RISK if both >= 1 else WARNED
            if self._tell(spot, state, level) < level:
                fresh[level].append(spot)
        if fresh[AT_RISK]:
            needed = beside[:1] if any(spot.severity < 1 for spot in fresh[AT_RISK]) else ()
            for spot in needed:
                self._tell(spot, self._stages[spot.stage], AT_RISK)
            yield Risk(kind=EventKind.BUILD_AT_RISK, spots=(*fresh[AT_RISK], *fresh[WARNED]), beside=needed)
        elif fresh[WARNED]:
            yield Risk(kind=EventKind.DEFECT_PERSISTS, spots=tuple(fresh[WARNED]))

    def _tell(self, spot: Spot, state: _StageState, level: int) -> int:
        """Enter a place and return how gravely it was told about before."""
        span = Span(first=spot.layers[0].layer, last=spot.layers[-1].layer)
        return self._places.tell(Place(box=spot.box, level=level, span=span), reach=self._reach(state))

    def _reach(self, state: _StageState) -> float:
        return float(self._limits.reach_px) if state.mm_per_px is None else self._limits.reach_mm / state.mm_per_px

    def _beside(self, spot: Spot) -> tuple[Spot, ...]:
        """Return the places that stay in the other stage, gravest first, if that is about as far in the build."""
        other = next(state for stage, state in self._stages.items() if stage is not spot.stage)
        newest = other.layers.newest
        return other.spots if newest is not None and abs(newest - spot.layers[-1].layer) <= LONGEST_GAP else ()

    def _series(self, finds: Finds, state: _StageState) -> Iterator[Series]:
        if finds.decision is Decision.INVALID:
            kind, least, over = EventKind.INVALID_SERIES, self._limits.invalid_series, None
        elif finds.decision is Decision.REJECT:
            kind, least, over = EventKind.REJECT_SERIES, self._limits.reject_series, Decision.INVALID
        else:
            return
        run = state.layers.run_of(finds, over=over)
        if len(run) >= least and self._told_series.is_new(kind, run, state.layers):
            yield Series(kind=kind, layers=run)
