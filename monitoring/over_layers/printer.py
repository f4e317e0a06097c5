"""A printer's own normal: the last layer sets of each stage, and what drifts against them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layerwatch.events import Evidence, Measured
from layerwatch.layers import LayerKey, Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.over_layers.drift import Drift, picture_drift, rate_drift
from monitoring.over_layers.finds import Finds
from monitoring.over_layers.limits import RiskLimits

RECORD = 400  # judged layer sets of a stage
MOST_LIGHTS = 6
SHOWN = 10  # layers as evidence
OVER = 0.5  # of the alarm: below it a drift is over, and told again when it comes back

What = Literal["flagged", "saturated_ratio", "sharpness"]
# No change below four times this is a drift: of full scale for saturation, of the normal sharpness.
LEAST: Mapping[What, tuple[float, float]] = {"saturated_ratio": (0.01, 0.0), "sharpness": (0.0, 0.05)}


class Figure(NamedTuple):
    """What may drift."""

    stage: Stage
    what: What
    light: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Set:
    """One judged layer set, without its regions."""

    finds: Finds
    build: str
    values: Mapping[tuple[What, str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """A figure that is no longer normal; other_build where the normal is that of another build."""

    figure: Figure
    drift: Drift
    evidence: Evidence
    other_build: str | None


class PrinterRecord:
    """Bounded; figures are those of judged layer sets in the order of their arrival."""

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits
        self._sets: dict[Stage, dict[LayerKey, _Set]] = {stage: {} for stage in Stage}
        self._told: dict[Figure, datetime] = {}  # drifts that are not over
        self._drifts: dict[Figure, Drift] = {}

    def see(self, verdict: Verdict, finds: Finds) -> tuple[Drifted, ...]:
        """Enter a layer set, in place of its older revision; return what began to drift with it."""
        sets = self._sets[verdict.stage]
        if not finds.judged:
            sets.pop(verdict.key, None)
            return ()
        sets[verdict.key] = _set_of(verdict, finds)
        if len(sets) > RECORD:
            del sets[next(iter(sets))]
        return tuple(self._newly_drifting(verdict))

    def remember(self, stage: Stage, measured: Measured, noticed: datetime) -> None:
        """Enter a drift that was told before; what was published until then does not end it."""
        self._told[Figure(stage, measured.what, measured.light)] = noticed

    @property
    def rate_ratio(self) -> float | None:
        """The share of flagged layer sets lately over the normal one, of the worst stage; None while unknown."""
        ratios = [drift.lately / drift.normal for figure, drift in self._drifts.items() if figure.what == "flagged"]
        return max(ratios, default=None)

    @property
    def rate_score(self) -> float | None:
        """The score of the share of flagged layer sets, of the worst stage; None while unknown."""
        scores = [drift.score for figure, drift in self._drifts.items() if figure.what == "flagged"]
        return max(scores, default=None)

    @property
    def picture_score(self) -> float | None:
        """The highest score of a figure of the pictures; None while unknown."""
        scores = [drift.score for figure, drift in self._drifts.items() if figure.what != "flagged"]
        return max(scores, default=None)

    def _newly_drifting(self, verdict: Verdict) -> Iterator[Drifted]:
        sets, published = tuple(self._sets[verdict.stage].values()), verdict.timing.published
        measured = dict(self._measure(verdict.stage, sets))
        others = {figure: drift for figure, drift in self._drifts.items() if figure.stage is not verdict.stage}
        self._drifts = others | measured  # a light that no longer comes is no longer shown
        for figure, drift in measured.items():
            if drift.score >= 1 and figure not in self._told:
                self._told[figure] = published
                yield _drifted(figure, drift, sets)
            elif drift.score < OVER and published > self._told.get(figure, published):
                del self._told[figure]

    def _measure(self, stage: Stage, sets: tuple[_Set, ...]) -> Iterator[tuple[Figure, Drift]]:
        flagged = np.array([one.finds.decision is not Decision.PASS for one in sets], np.float64)
        drift = rate_drift(flagged, self._limits)
        if drift is not None:
            yield Figure(stage, "flagged", ""), drift
        for what, light in sets[-1].values:
            least, share = LEAST[what]
            drift = picture_drift(_figures(sets, what, light), self._limits, least=least, share=share)
            if drift is not None:
                yield Figure(stage, what, light), drift


def _set_of(verdict: Verdict, finds: Finds) -> _Set:
    values: dict[tuple[What, str], float] = {}
    for image in verdict.images[:MOST_LIGHTS]:
        if image.saturated_ratio is not None:
            values["saturated_ratio", image.light] = image.saturated_ratio
        if image.sharpness is not None:
            values["sharpness", image.light] = image.sharpness
    bare = replace(finds, boxes=np.empty((0, 4)), areas_px=finds.areas_px.sum(keepdims=True))
    return _Set(finds=bare, build=verdict.build, values=values)


def _figures(sets: tuple[_Set, ...], what: What, light: str) -> NDArray[np.float64]:
    return np.array([one.values[what, light] for one in sets if (what, light) in one.values], np.float64)


def _drifted(figure: Figure, drift: Drift, sets: tuple[_Set, ...]) -> Drifted:
    of_drift = [one for one in sets if figure.what != "flagged" or one.finds.decision is not Decision.PASS]
    shown = [one.finds for one in of_drift if one.build == sets[-1].build][-SHOWN:] or [sets[-1].finds]
    normal_builds = [one.build for one in sets[: drift.normal_sets]]
    return Drifted(
        figure=figure,
        drift=drift,
        evidence=Evidence(
            stage=figure.stage,
            layers=tuple(finds.seen(finds.area_px) for finds in sorted(shown, key=lambda finds: finds.layer)),
            measured=Measured(
                what=figure.what,
                light=figure.light,
                normal=drift.normal,
                recent=drift.recent,
                normal_sets=drift.normal_sets,
                recent_sets=drift.recent_sets,
            ),
        ),
        other_build=None if sets[-1].build in normal_builds else normal_builds[-1],
    )
