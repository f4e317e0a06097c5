"""Geometry of the figures, in units of their drawing: 760 wide, with names of the lanes at the left."""

from dataclasses import dataclass

from layerwatch.verdict import Decision
from monitoring.report import words
from monitoring.report.strip import Lane, Strip

GUTTER = 96.0
PLOT_WIDTH = 652.0
LANE = 44.0
SPACE = 14.0
AXIS = 34.0
AREAS = 64.0
TOP = 8.0  # for the figure beside the highest line
HEIGHTS = {Decision.PASS: 0.4, Decision.INVALID: 0.6, Decision.REVIEW: 0.75, Decision.REJECT: 1.0}
NO_VERDICT = 0.36
APART, GAP = 4.0, 0.8  # columns that are so wide stand apart
NARROWEST = 1.2  # so that a single layer of hundreds is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle; `kind` is a decision, `none` or `area`."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLane:
    """One stage; `y` is its floor."""

    name: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing with its words.

    Attributes:
        ticks: where on the axis, and which layer.
        top: what the highest bar of a lane stands for, empty where it means nothing.
        said: the drawing in sentences, for who does not see it.
    """

    height: float
    lanes: tuple[DrawnLane, ...]
    ticks: tuple[tuple[float, int], ...]
    per_column: int
    top: str
    said: str


def verdict_figure(strip: Strip) -> Figure:
    """Return the verdicts over the layers; a worse one stands higher."""
    lanes = []
    for number, lane in enumerate(strip.lanes.values()):
        floor = (number + 1) * LANE + number * SPACE
        lanes.append(DrawnLane(name=lane.stage.value, y=floor, bars=_verdict_bars(strip, lane, floor)))
    return _figure(
        strip, tuple(lanes), top="", said=" ".join(_lane_in_words(strip, each) for each in strip.lanes.values())
    )


def area_figure(strip: Strip) -> Figure | None:
    """Return the largest defect area of each column, or None where there is no defect at all."""
    if not strip.largest_area:
        return None
    lanes = []
    for number, lane in enumerate(strip.lanes.values()):
        floor = TOP + (number + 1) * AREAS + number * SPACE
        lanes.append(DrawnLane(name=lane.stage.value, y=floor, bars=_area_bars(strip, lane, floor)))
    top = area_in_words(strip.largest_area, in_mm2=strip.in_mm2)
    said = f"The largest defect area of a layer is {top}. " + " ".join(map(_areas_in_words, strip.lanes.values()))
    return _figure(strip, tuple(lanes), top=top, said=said)


def area_in_words(area: float, *, in_mm2: bool) -> str:
    return f"{area:,.2f} mm²" if in_mm2 else f"{100 * area:.3f} % of the picture"


def _figure(strip: Strip, lanes: tuple[DrawnLane, ...], *, top: str, said: str) -> Figure:
    return Figure(
        height=lanes[-1].y + AXIS,
        lanes=lanes,
        ticks=tuple((GUTTER + column * _column(strip), number) for column, number in strip.scale.ticks()),
        per_column=strip.scale.per_column,
        top=top,
        said=said,
    )


def _column(strip: Strip) -> float:
    return PLOT_WIDTH / strip.scale.columns


def _verdict_bars(strip: Strip, lane: Lane, floor: float) -> tuple[Bar, ...]:
    column = _column(strip)
    bars = []
    for run in lane.runs(apart=column >= APART):
        height = LANE * (NO_VERDICT if run.decision is None else HEIGHTS[run.decision])
        width = max(NARROWEST, run.width * column - (GAP if column >= APART else 0))
        kind = "none" if run.decision is None else run.decision.value
        bars.append(Bar(x=GUTTER + run.first * column, y=floor - height, width=width, height=height, kind=kind))
    return tuple(sorted(bars, key=lambda bar: bar.height))  # what is worse is drawn over its neighbours


def _area_bars(strip: Strip, lane: Lane, floor: float) -> tuple[Bar, ...]:
    column = _column(strip)
    width = max(NARROWEST, column * 0.8)
    return tuple(
        Bar(x=GUTTER + at * column, y=floor - height, width=width, height=height, kind="area")
        for at, area in sorted(lane.areas.items())
        for height in [max(1.5, AREAS * area / strip.largest_area)]
    )


def _lane_in_words(strip: Strip, lane: Lane) -> str:
    """Return where a lane does not pass, as sentences that stay short."""
    said = []
    for decision, verb in (
        (Decision.REJECT, "rejected"),
        (Decision.REVIEW, "to review"),
        (Decision.INVALID, "invalid"),
    ):
        found = [
            strip.numbers(run.first, run.width) for run in lane.runs() if run.decision is decision
        ]  # fmt: skip
        if found:
            said.append(f"{verb}: layers {words.ranges_text(found)}")
    return f"{lane.stage.value.capitalize()}: {'; '.join(said) if said else 'nothing but passes'}."


def _areas_in_words(lane: Lane) -> str:
    count = len(lane.areas)
    return f"{lane.stage.value.capitalize()}: {count} of {len(lane.decisions)} columns show a defect."
