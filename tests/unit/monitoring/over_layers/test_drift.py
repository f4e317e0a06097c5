from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwatch.events import EventKind
from layerwatch.verdict import Decision, Verdict
from monitoring.over_layers.drift import picture_drift, rate_drift
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.watch import BuildWatch
from tests.unit.monitoring.over_layers.conftest import kinds, told

VerdictMaker = Callable[..., Verdict]
LIMITS = RiskLimits()
ENOUGH = LIMITS.drift_normal + LIMITS.drift_recent
DRIFTS = {EventKind.DEFECT_DRIFT, EventKind.PICTURE_DRIFT}


def flagged_at(rate: float, count: int, seed: int) -> list[bool]:
    return [bool(number < rate) for number in np.random.default_rng(seed).random(count)]


@given(st.lists(st.booleans(), max_size=ENOUGH - 1))
def test_nothing_is_said_about_a_few_layers(flags: list[bool]) -> None:
    assert rate_drift(np.array(flags, np.float64), LIMITS) is None
    assert picture_drift(np.array(flags, np.float64), LIMITS, least=0.01, share=0.0) is None


@given(st.integers(0, 10_000), st.floats(0, 0.4))
def test_the_score_of_a_rate_is_the_chart_computed_step_by_step(seed: int, rate: float) -> None:
    flags = np.array(flagged_at(rate, 250, seed), np.float64)
    drift = rate_drift(flags, LIMITS)
    assert drift is not None

    normal, recent = flags[:150], flags[150:]
    usual = max(0.02, (normal.sum() + 0.5) / 151)
    usual += (usual * (1 - usual) / 150) ** 0.5
    raised = min(2 * usual, (1 + usual) / 2)
    chart = 0.0
    for flag in recent:
        chart = max(0.0, chart + (np.log(raised / usual) if flag else np.log((1 - raised) / (1 - usual))))
    varies = normal.std() > 0
    alike = np.mean((normal[1:] - normal.mean()) * (normal[:-1] - normal.mean())) / normal.var() if varies else 0.0
    alike = min(max(alike, 0.0), 0.9)

    assert drift.normal == pytest.approx(usual)
    assert drift.score == pytest.approx(chart / ((1 + alike) / (1 - alike)) / 6.0, abs=1e-9)


def test_a_printer_that_has_more_and_more_defects_is_told_once(layer_with: VerdictMaker) -> None:
    layers = [
        layer_with(layer, decision=Decision.PASS if layer % (10 if layer < 300 else 2) else Decision.REVIEW)
        for layer in range(420)
    ]

    events = told(layers)

    assert [event.kind for event in events] == [EventKind.DEFECT_DRIFT]
    assert 300 < events[0].layer < 340
    (evidence,) = events[0].evidence
    assert evidence.measured is not None
    assert evidence.measured.recent > 3 * evidence.measured.normal
    assert {seen.decision for seen in evidence.layers} == {Decision.REVIEW}
    assert f"of the last {evidence.measured.recent_sets} layers are flagged" in events[0].reasons[0]


def test_a_printer_without_defects_is_left_alone(layer_with: VerdictMaker) -> None:
    assert told(layer_with(layer) for layer in range(500)) == []


def test_defects_that_come_at_random_look_like_a_drift_less_than_once_in_2000_layers() -> None:
    """Four rates, ten printers each, 500 layers after the normal is known: 20,000 layers."""
    alarms = 0
    for seed in range(40):
        flags = np.array(flagged_at((0.02, 0.1, 0.3, 0.5)[seed % 4], 500 + ENOUGH, seed), np.float64)
        drifts = (rate_drift(flags[:end], LIMITS) for end in range(ENOUGH, len(flags)))
        above = [drift is not None and drift.score >= 1 for drift in drifts]
        alarms += sum(now and not before for before, now in zip([False, *above], above, strict=False))

    assert alarms < 10


def test_a_single_event_that_lasts_some_layers_is_no_drift(layer_with: VerdictMaker) -> None:
    layers = [layer_with(layer, decision=Decision.REVIEW if layer % 60 < 6 else Decision.PASS) for layer in range(600)]

    assert told(layers) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sharpness": 0.3}, "are less sharp: 0.30, where 0.60"),
        ({"saturated": 0.6}, "have more of their pixels at full scale: 60.0%, where 40.0%"),
        ({"saturated": 0.1}, "have less of their pixels at full scale: 10.0%, where"),
    ],
)
def test_pictures_that_are_no_longer_normal_are_told_in_words(
    layer_with: VerdictMaker, change: dict[str, float], words: str
) -> None:
    rng = np.random.default_rng(3)
    layers = [
        layer_with(layer, **({"sharpness": 0.6 + 0.02 * rng.normal(), "saturated": 0.4} | (change if late else {})))
        for layer, late in enumerate([False] * ENOUGH + [True] * 60)
    ]

    events = told(layers)

    assert [event.kind for event in events] == [EventKind.PICTURE_DRIFT]
    assert events[0].layer > ENOUGH
    assert words in events[0].reasons[0]
    assert "under light a" in events[0].reasons[0]


def test_a_few_strange_pictures_are_no_drift(layer_with: VerdictMaker) -> None:
    layers = [layer_with(layer, sharpness=0.05 if 250 <= layer < 260 else 0.6) for layer in range(300)]

    assert told(layers) == []


def test_a_slow_change_of_the_pictures_is_seen_too(layer_with: VerdictMaker) -> None:
    layers = [layer_with(layer, sharpness=0.8 - 0.001 * layer) for layer in range(400)]

    assert [event.kind for event in told(layers)] == [EventKind.PICTURE_DRIFT]


def test_what_varies_by_itself_has_to_change_by_more(layer_with: VerdictMaker) -> None:
    rng = np.random.default_rng(4)
    layers = [layer_with(layer, saturated=float(np.clip(rng.normal(0.4, 0.08), 0, 1))) for layer in range(500)]

    assert told(layers) == []


def test_another_build_as_the_reason_is_named(layer_with: VerdictMaker) -> None:
    layers = [
        *(layer_with(layer, build="job1", sharpness=0.6) for layer in range(ENOUGH)),
        *(layer_with(layer, build="job2", sharpness=0.3) for layer in range(60)),
    ]

    (event,) = told(layers)

    assert event.build == "job2"
    assert event.reasons[-1] == "What is normal was learned from job1: other parts alone may be the reason."
    assert {seen.layer for seen in event.evidence[0].layers} <= set(range(60))


def test_invalid_layers_and_revisions_do_not_count_twice(layer_with: VerdictMaker) -> None:
    layers = [layer_with(layer, sharpness=0.6) for layer in range(ENOUGH)]
    spoilt = [layer_with(layer, decision=Decision.INVALID, sharpness=0.1) for layer in range(ENOUGH, ENOUGH + 4)]
    again = [layer_with(layer, revision=revision, sharpness=0.1) for revision in range(2, 60) for layer in (5,)]

    assert [event for event in told([*layers, *spoilt, *again]) if event.kind in DRIFTS] == []


def test_a_drift_that_was_told_before_a_restart_is_not_told_again(layer_with: VerdictMaker) -> None:
    layers = [layer_with(layer, sharpness=0.6 if layer < ENOUGH else 0.3) for layer in range(ENOUGH + 60)]
    (event,) = told(layers)
    watch = BuildWatch(LIMITS)

    watch.remember(event)

    assert [again for verdict in layers for again in watch.see(verdict)] == []


def test_a_drift_that_went_and_came_back_is_told_again(layer_with: VerdictMaker) -> None:
    values = [0.6] * ENOUGH + [0.3] * 60 + [0.6] * 80 + [0.3] * 40

    events = told(layer_with(layer, sharpness=value) for layer, value in enumerate(values))

    assert [kind for kind, _ in kinds(events)] == [EventKind.PICTURE_DRIFT] * 2
