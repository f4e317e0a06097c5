"""The strip: what stands in which column, and that no grave verdict hides behind a mild one."""

from collections.abc import Callable

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.report.counting import BuildCount
from monitoring.report.drawing import GUTTER, PLOT_WIDTH, area_figure, verdict_figure
from monitoring.report.gathering import reported
from monitoring.report.strip import COLUMNS_AT_MOST, Scale, Strip

VerdictMaker = Callable[..., Verdict]


def strip_of(*verdicts: Verdict) -> Strip:
    layers = [reported(verdict) for verdict in verdicts]
    count = BuildCount()
    for layer in layers:
        count.add(layer)
    strip = Strip(count.stages)
    for layer in layers:
        strip.add(layer)
    return strip


def test_a_column_is_one_layer_while_there_is_room() -> None:
    scale = Scale(first=1, last=200, per_column=1)

    assert (scale.columns, scale.column(1), scale.column(200)) == (200, 0, 199)


def test_many_layers_share_columns_and_the_worst_of_them_is_shown(some_verdict: VerdictMaker) -> None:
    verdicts = [
        some_verdict(layer=layer, decision=Decision.REJECT if layer == 10_001 else Decision.PASS)
        for layer in (1, 10_000, 10_001, 10_002, 20_000)
    ]

    strip = strip_of(*verdicts)

    lane = strip.lanes[Stage.MELT]
    assert len(lane.decisions) == strip.scale.columns <= COLUMNS_AT_MOST
    assert lane.decisions[strip.scale.column(10_001)] is Decision.REJECT
    assert lane.decisions.count(Decision.REJECT) == 1
    assert "rejected: layers 10001 to 10050" in verdict_figure(strip).said


def test_where_there_is_no_verdict_the_lane_says_so(some_verdict: VerdictMaker) -> None:
    lane = strip_of(some_verdict(layer=1), some_verdict(layer=4)).lanes[Stage.MELT]

    assert [(run.width, run.decision) for run in lane.runs()] == [(1, Decision.PASS), (2, None), (1, Decision.PASS)]


def test_all_that_is_drawn_lies_within_the_figure(some_verdict: VerdictMaker) -> None:
    verdicts = [some_verdict(layer=layer, areas_px=(layer,)) for layer in range(1, 1500)]

    strip = strip_of(*verdicts)

    areas = area_figure(strip)
    assert areas is not None
    for figure in (verdict_figure(strip), areas):
        bars = [bar for lane in figure.lanes for bar in lane.bars]
        assert min(bar.x for bar in bars) >= GUTTER
        assert max(bar.x + bar.width for bar in bars) <= GUTTER + PLOT_WIDTH + 0.01
        assert min(bar.y for bar in bars) >= 0


def test_numbers_at_the_axis_are_round_and_do_not_touch() -> None:
    assert [number for _, number in Scale(first=1, last=200, per_column=1).ticks()] == [1, *range(20, 201, 20)]
    assert [number for _, number in Scale(first=7, last=7, per_column=1).ticks()] == [7]
    assert [number for _, number in Scale(first=99, last=310, per_column=1).ticks()] == [99, 150, 200, 250, 300]


def test_without_a_defect_there_is_no_figure_of_areas(some_verdict: VerdictMaker) -> None:
    assert area_figure(strip_of(some_verdict(layer=1))) is None
