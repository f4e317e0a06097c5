from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwatch.events import EventKind, Severity
from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.printer import RECORD
from monitoring.over_layers.watch import BuildWatch
from tests.unit.monitoring.over_layers.conftest import STREAK, Box, kinds, told

VerdictMaker = Callable[..., Verdict]
AT_RISK, PERSISTS = EventKind.BUILD_AT_RISK, EventKind.DEFECT_PERSISTS
few = settings(deadline=None, max_examples=40)  # a slow machine is no failure
CELLS = 9  # places 100 px apart, of which each holds one mark at most
ELSEWHERE = [cell for cell in range(CELLS * CELLS) if cell % CELLS and cell // CELLS]  # in no row or column of cell 0


def a_mark(cell: int, size: int = 12) -> Box:
    return (30 + 100 * (cell % CELLS), 30 + 100 * (cell // CELLS), size, size)


def test_a_mark_that_stays_is_a_warning_after_three_layers_and_puts_the_build_at_risk_after_five(
    layer_with: VerdictMaker,
) -> None:
    events = told(layer_with(layer, STREAK) for layer in range(10, 20))

    assert kinds(events) == [(PERSISTS, 12), (AT_RISK, 14)]
    assert [event.severity for event in events] == [Severity.WARNING, Severity.CRITICAL]


def test_it_does_so_where_each_layer_alone_would_pass(layer_with: VerdictMaker) -> None:
    events = told(layer_with(layer, STREAK, decision=Decision.PASS) for layer in range(10, 15))

    assert kinds(events)[-1] == (AT_RISK, 14)


def test_the_evidence_names_layers_box_areas_and_overlays(layer_with: VerdictMaker) -> None:
    event = told(layer_with(layer, STREAK, mm_per_px=0.05) for layer in range(10, 15))[-1]

    (evidence,) = event.evidence
    assert evidence.bbox == STREAK
    assert [seen.layer for seen in evidence.layers] == [10, 11, 12, 13, 14]
    assert {seen.area_px for seen in evidence.layers} == {8000}
    assert evidence.layers[0].area_mm2 == pytest.approx(20.0)
    assert evidence.layers[-1].overlay == "m290/job42/000014_melt/overlay.jpg"
    assert event.trigger == evidence.layers[-1].id
    assert "A long thin mark stays at one place after melting: 5 of 5 judged layers" in event.reasons[0]
    assert event.reasons[-1] == "Look at layer 14 and decide whether the build goes on."


@few
@given(st.permutations(range(CELLS * CELLS)), st.integers(2, 4))
def test_marks_that_each_come_once_are_never_told(layer_with: VerdictMaker, cells: list[int], each: int) -> None:
    marks = [cells[start : start + each] for start in range(0, len(cells) - each, each)]

    events = told(
        layer_with(layer, *map(a_mark, places), decision=Decision.REVIEW) for layer, places in enumerate(marks)
    )

    assert events == []


@few
@given(
    st.sets(st.integers(0, 7), min_size=5, max_size=8),
    st.lists(st.sets(st.sampled_from(ELSEWHERE), max_size=2), min_size=8, max_size=8),
)
def test_a_mark_in_five_of_eight_layers_puts_the_build_at_risk_whatever_else_is_there(
    layer_with: VerdictMaker, shown: set[int], others: list[set[int]]
) -> None:
    layers = [
        layer_with(layer, *([a_mark(0)] if layer in shown else []), *map(a_mark, sorted(cells)))
        for layer, cells in enumerate(others)
    ]

    at_risk = [event for event in told(layers) if event.kind is AT_RISK]

    assert any(evidence.bbox == a_mark(0) for event in at_risk for evidence in event.evidence)


@pytest.mark.parametrize("marks", [5, 20, 60])
def test_marks_that_meet_by_chance_are_not_told_however_many_there_are(layer_with: VerdictMaker, marks: int) -> None:
    rng = np.random.default_rng(marks)
    layers = [
        layer_with(layer, *((int(x), int(y), 12, 12) for x, y in rng.integers(0, 980, (marks, 2))))
        for layer in range(40)
    ]

    assert told(layers) == []


def test_marks_along_the_edge_of_a_plate_that_meet_by_chance_are_not_told(layer_with: VerdictMaker) -> None:
    rng = np.random.default_rng(7)
    layers = [
        layer_with(layer, *((int(x), int(y), 8, 12) for x, y in rng.integers((0, 970), (980, 988), (6, 2))))
        for layer in range(60)
    ]

    assert told(layers) == []


def test_pieces_of_a_streak_in_one_row_are_told(layer_with: VerdictMaker) -> None:
    layers = [layer_with(layer, (100, 400, 200, 9), (500, 401, 300, 8)) for layer in range(1, 7)]

    assert AT_RISK in dict(kinds(told(layers)))


def test_a_mark_that_stays_is_told_among_many_that_do_not(layer_with: VerdictMaker) -> None:
    rng = np.random.default_rng(3)
    layers = [
        layer_with(layer, STREAK, *((int(x), int(y), 12, 12) for x, y in rng.integers(0, 980, (20, 2))))
        for layer in range(1, 7)
    ]

    at_risk = [event for event in told(layers) if event.kind is AT_RISK]

    assert [len(event.evidence) for event in at_risk] == [1]
    assert at_risk[0].layer == 5


@few
@given(st.permutations(range(10, 18)))
def test_the_order_of_arrival_changes_nothing(layer_with: VerdictMaker, order: list[int]) -> None:
    shown = {10, 11, 13, 15, 17}

    events = told(layer_with(layer, *([STREAK] if layer in shown else [])) for layer in order)

    at_risk = [event for event in events if event.kind is AT_RISK]
    assert len(at_risk) == 1
    assert {seen.layer for seen in at_risk[0].evidence[0].layers} == shown


def test_missing_and_invalid_layers_do_not_break_a_chain(layer_with: VerdictMaker) -> None:
    layers = [
        layer_with(layer, *([STREAK] if layer % 2 else []), decision=None if layer % 2 else Decision.INVALID)
        for layer in (1, 2, 3, 4, 5, 9, 10, 15)
    ]

    assert kinds(told(layers)) == [(PERSISTS, 5), (AT_RISK, 15)]


def test_a_chain_does_not_go_on_beyond_a_long_hole(layer_with: VerdictMaker) -> None:
    assert kinds(told(layer_with(layer, STREAK) for layer in (1, 2, 3, 4, 200))) == [(PERSISTS, 3)]


def test_a_mark_that_comes_back_too_rarely_says_nothing(layer_with: VerdictMaker) -> None:
    assert told(layer_with(layer, *([STREAK] if layer % 4 == 0 else [])) for layer in range(40)) == []


def test_a_mark_that_grows_counts_sooner(layer_with: VerdictMaker) -> None:
    edges = [(300, 300, 20, 8 + 6 * layer) for layer in range(6)]

    events = told(layer_with(10 + layer, edge) for layer, edge in enumerate(edges))

    assert kinds(events) == [(PERSISTS, 12), (AT_RISK, 13)]
    assert events[-1].evidence[0].growing
    assert "grew from 160 px to 520 px" in events[-1].reasons[0]


def test_both_stages_are_linked_apart_and_count_together(layer_with: VerdictMaker) -> None:
    apart = [layer_with(layer, STREAK, stage=(Stage.RECOAT, Stage.MELT)[layer % 2]) for layer in range(1, 5)]
    both = [layer_with(layer, STREAK, stage=stage) for layer in range(1, 7) for stage in Stage]

    assert told(apart) == []  # two layers in each stage
    assert kinds(told(both)) == [(PERSISTS, 3), (AT_RISK, 3)]
    assert {evidence.stage for evidence in told(both)[-1].evidence} == set(Stage)


def test_a_place_told_in_one_stage_is_not_told_again_in_the_other(layer_with: VerdictMaker) -> None:
    recoat = [layer_with(layer, STREAK, stage=Stage.RECOAT) for layer in range(1, 9)]
    melt = [layer_with(layer, STREAK, stage=Stage.MELT) for layer in range(1, 9)]

    assert kinds(told([*recoat, *melt])) == [(PERSISTS, 3), (AT_RISK, 5)]


def test_a_revision_replaces_what_its_layer_said(layer_with: VerdictMaker) -> None:
    first = [layer_with(layer, STREAK) for layer in (1, 2, 3, 4)]
    mended = layer_with(4, revision=2)
    rest = [layer_with(5, STREAK), layer_with(6), layer_with(7)]

    assert AT_RISK not in dict(kinds(told([*first, mended, *rest])))
    assert AT_RISK in dict(kinds(told([*first, *rest])))


def test_an_older_revision_that_comes_late_says_nothing(layer_with: VerdictMaker) -> None:
    newer = [layer_with(layer, revision=2) for layer in range(1, 6)]
    older = [layer_with(layer, STREAK) for layer in range(1, 6)]

    assert told([*newer, *older]) == []


def test_a_cut_list_of_regions_is_no_sign_that_a_mark_is_gone(layer_with: VerdictMaker) -> None:
    def layers(*, truncated: bool) -> list[Verdict]:
        return [
            layer_with(layer, *([a_mark(0)] if layer % 3 == 0 else []), truncated=truncated and layer % 3 > 0)
            for layer in range(15)
        ]

    assert AT_RISK in dict(kinds(told(layers(truncated=True))))
    assert AT_RISK not in dict(kinds(told(layers(truncated=False))))


@pytest.mark.parametrize(("apart_px", "mm_per_px", "linked"), [(15, 0.02, True), (15, 0.05, False), (8, None, True)])
def test_the_reach_is_in_millimetres_where_the_scale_is_known(
    layer_with: VerdictMaker, apart_px: int, mm_per_px: float | None, *, linked: bool
) -> None:
    layers = [
        layer_with(layer, (300 + (6 + apart_px) * (layer % 2), 300, 6, 6), mm_per_px=mm_per_px) for layer in range(6)
    ]

    at_risk = [event for event in told(layers) if event.kind is AT_RISK]

    assert bool(at_risk) is linked


def test_pictures_of_different_sizes_are_not_linked(layer_with: VerdictMaker) -> None:
    layers = [layer_with(layer, STREAK, side=1000 if layer % 2 else 1200) for layer in range(1, 5)]

    assert told(layers) == []


def test_builds_and_printers_have_nothing_to_do_with_each_other(layer_with: VerdictMaker) -> None:
    of_builds = [layer_with(layer, STREAK, build=f"job{layer % 3}") for layer in range(1, 7)]
    of_printers = [layer_with(layer, STREAK, printer=f"p{layer % 3}") for layer in range(1, 7)]

    assert told(of_builds) == told(of_printers) == []


def test_a_place_is_told_again_after_it_was_gone(layer_with: VerdictMaker) -> None:
    layers = [layer_with(layer, *([STREAK] if layer < 10 or layer > 30 else [])) for layer in range(1, 40)]

    assert kinds(told(layers)) == [(PERSISTS, 3), (AT_RISK, 5), (PERSISTS, 33), (AT_RISK, 35)]


def test_limits_say_when(layer_with: VerdictMaker) -> None:
    limits = RiskLimits(layers=3, window=4, warn_layers=2)

    assert kinds(told((layer_with(layer, STREAK) for layer in range(1, 9)), limits)) == [(PERSISTS, 2), (AT_RISK, 3)]


def test_limits_that_ask_for_more_layer_sets_than_are_kept_are_refused() -> None:
    most = RiskLimits(drift_normal=200, drift_recent=200)

    assert most.drift_normal + most.drift_recent <= RECORD
    with pytest.raises(ValueError, match="drift_normal"):
        RiskLimits(drift_normal=201)


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="warn_layers <= layers <= window"):
        RiskLimits(layers=9, window=8)


def test_a_build_is_at_risk_as_long_as_the_mark_stays_and_another_is_not_printed(layer_with: VerdictMaker) -> None:
    watch = BuildWatch(RiskLimits())
    for layer in range(1, 6):
        watch.see(layer_with(layer, STREAK))
    assert watch.is_at_risk("m290")

    for layer in range(6, 20):
        watch.see(layer_with(layer))
    assert not watch.is_at_risk("m290")

    for layer in range(20, 25):
        watch.see(layer_with(layer, STREAK))
    assert watch.is_at_risk("m290")
    watch.see(layer_with(1, build="job43"))
    assert not watch.is_at_risk("m290")


@few
@given(st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.sampled_from(Stage)), max_size=40))
def test_what_is_seen_twice_tells_nothing_twice(
    layer_with: VerdictMaker, layers: list[tuple[int, bool, Stage]]
) -> None:
    watch = BuildWatch(RiskLimits())
    verdicts = [layer_with(layer, *([STREAK] if there else []), stage=stage) for layer, there, stage in layers]

    once = [event for verdict in verdicts for event in watch.see(verdict)]
    again = [event for verdict in verdicts for event in watch.see(verdict)]

    assert again == []
    assert len({event.id for event in once}) == len(once)
