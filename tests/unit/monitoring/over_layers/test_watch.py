"""Restarts and bounds of the watch, and the shell around it."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from redis.exceptions import ConnectionError as RedisConnectionError

from layerwatch.events import Event, EventKind
from layerwatch.layers import Stage
from layerwatch.memory import InMemoryEvents
from layerwatch.settings import load_settings
from layerwatch.verdict import Decision, Verdict
from monitoring.history.service import LAYERS_OF_EACH
from monitoring.over_layers import build, finds, stage, told, watch
from monitoring.over_layers.escalation import Escalation
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.metrics import RiskMetrics
from monitoring.over_layers.settings import RiskSettings
from monitoring.over_layers.watch import BuildWatch
from tests.unit.monitoring.over_layers.conftest import STREAK, kinds
from tests.unit.monitoring.over_layers.conftest import told as told_of

VerdictMaker = Callable[..., Verdict]
AT_RISK, PERSISTS = EventKind.BUILD_AT_RISK, EventKind.DEFECT_PERSISTS


def an_escalation(events: InMemoryEvents, registry: CollectorRegistry | None = None) -> Escalation:
    return Escalation(BuildWatch(RiskLimits()), events, RiskMetrics(registry or CollectorRegistry()))


layers = st.tuples(st.sampled_from("mrip"), st.sampled_from(Stage))


def a_print(layer_with: VerdictMaker, plan: list[tuple[str, Stage]]) -> list[Verdict]:
    """Layers with a mark, rejected, invalid, or passing."""
    decision = {"r": Decision.REJECT, "i": Decision.INVALID, "p": Decision.PASS, "m": Decision.REVIEW}
    return [
        layer_with(layer, *([STREAK] if what in "mr" else []), decision=decision[what], stage=stage)
        for layer, (what, stage) in enumerate(plan, start=1)
    ]


@settings(deadline=None, max_examples=60)
@given(st.lists(layers, min_size=5, max_size=40), st.integers(0, 40), st.integers(8, 40))
def test_after_a_restart_anywhere_nothing_is_told_twice(
    layer_with: VerdictMaker, plan: list[tuple[str, Stage]], killed: int, again: int
) -> None:
    verdicts = a_print(layer_with, plan)
    events = InMemoryEvents()
    before = an_escalation(events)
    for verdict in verdicts[:killed]:
        before.see(verdict)
    known = set(events.events)

    after = an_escalation(events)
    for verdict in verdicts[max(0, killed - again) : killed]:
        after.see(verdict)

    assert set(events.events) == known


@given(st.lists(layers, min_size=5, max_size=40), st.integers(0, 40))
def test_after_a_restart_the_build_goes_on_as_without_one(
    layer_with: VerdictMaker, plan: list[tuple[str, Stage]], killed: int
) -> None:
    verdicts = a_print(layer_with, plan)
    events = InMemoryEvents()
    first, second = an_escalation(events), an_escalation(events)
    for verdict in verdicts[:killed]:
        first.see(verdict)
    for verdict in verdicts:
        second.see(verdict)

    assert [event.kind for event in events.events.values()] == [event.kind for event in told_of(verdicts)]


def test_a_recorder_that_shows_a_long_build_again_tells_nothing_twice(layer_with: VerdictMaker) -> None:
    verdicts = [layer_with(layer, *([STREAK] if layer % 20 < 6 else [])) for layer in range(1, 121)]
    escalation = an_escalation(events := InMemoryEvents())
    for verdict in verdicts:
        escalation.see(verdict)
    known = set(events.events)

    for verdict in verdicts[-LAYERS_OF_EACH:]:
        escalation.see(verdict)

    assert known
    assert set(events.events) == known


def test_memory_is_bounded_whatever_comes(layer_with: VerdictMaker) -> None:
    marks = tuple((10 * number % 900, 300 * (number % 3), 8, 8) for number in range(300))
    seeing = BuildWatch(RiskLimits())
    for number in range(watch.MOST_BUILDS + 30):
        seeing.see(layer_with(1, printer=f"p{number}", build=f"job{number}"))
        seeing.see(layer_with(1, printer="busy", build=f"job{number}"))

    assert len(seeing._builds) == watch.MOST_BUILDS
    assert len(seeing._printers) == len(seeing._printed) == watch.MOST_PRINTERS
    one = stage.StageLayers(8)
    for layer in range(stage.KEPT + 30):
        one.put(finds.finds_of(layer_with(layer, *marks)))
    assert len(one._layers) == stage.KEPT
    assert len(one._layers[stage.KEPT + 29].boxes) == finds.MOST_REGIONS
    assert not one._layers[stage.KEPT + 29].complete


def test_a_backlog_between_layers_that_are_printed_does_not_hide_their_marks(layer_with: VerdictMaker) -> None:
    live = [layer_with(layer, STREAK) for layer in range(3000, 3006)]
    backlog = iter(range(1, 2000))
    mixed: list[Verdict] = []
    for verdict in live:
        mixed += [verdict, *(layer_with(next(backlog)) for _ in range(150))]

    assert kinds(told_of(mixed)) == [(PERSISTS, 3002), (AT_RISK, 3004)]


def test_marks_in_a_backlog_are_told_once_beside_layers_that_are_printed(layer_with: VerdictMaker) -> None:
    backlog = [layer_with(layer, *([STREAK] if 20 <= layer < 30 else [])) for layer in range(1, 60)]
    mixed = [
        one
        for number, verdict in enumerate(backlog)
        for one in (layer_with(3000 + number, (500, 100, 9, 200)), verdict)
    ]

    assert sorted(kinds(told_of(mixed))) == [(AT_RISK, 24), (AT_RISK, 3004), (PERSISTS, 22), (PERSISTS, 3002)]


def test_places_that_were_told_are_bounded() -> None:
    places = told.ToldPlaces()
    for number in range(told.MOST_PLACES + 50):
        box = np.array([[100.0 * number, 0, 5, 5]])
        places.tell(told.Place(box=box, level=told.WARNED, span=told.Span(first=number, last=number)), reach=1)

    assert len(places._places) == told.MOST_PLACES


def test_what_redis_does_not_take_now_is_told_when_the_layer_is_shown_again(layer_with: VerdictMaker) -> None:
    class Away(InMemoryEvents):
        def publish(self, event: Event) -> bool:
            raise RedisConnectionError(event.id)

    channel, back = Away(), InMemoryEvents()
    escalation = Escalation(BuildWatch(RiskLimits()), channel, RiskMetrics(CollectorRegistry()))
    for layer in range(1, 6):
        with suppress(RedisConnectionError):
            escalation.see(layer_with(layer, STREAK))
    assert channel.events == {}

    escalation._events = back
    escalation.see(layer_with(5, STREAK))

    assert [event.kind for event in back.events.values()] == [PERSISTS, AT_RISK]


def test_metrics_count_what_was_told_and_show_builds_at_risk(layer_with: VerdictMaker) -> None:
    registry, events = CollectorRegistry(), InMemoryEvents()
    escalation = an_escalation(events, registry)

    for layer in range(1, 6):
        escalation.see(layer_with(layer, STREAK))
    again = an_escalation(events)
    for layer in range(1, 6):
        again.see(layer_with(layer, STREAK))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("layerwatch_builds_at_risk", printer="m290") == 1
    assert value("layerwatch_events_total", kind="build_at_risk") == 1
    assert value("layerwatch_events_total", kind="reject_series") == 0
    assert value("layerwatch_drift_defect_rate_ratio", printer="m290") is None


def test_metrics_show_drift_by_printer_and_forget_printers(layer_with: VerdictMaker) -> None:
    registry = CollectorRegistry()
    escalation = an_escalation(InMemoryEvents(), registry)

    for layer in range(250):
        escalation.see(layer_with(layer, sharpness=0.5, decision=Decision.REVIEW if layer > 230 else None))
    ratio = registry.get_sample_value("layerwatch_drift_defect_rate_ratio", {"printer": "m290"})
    rate_score = registry.get_sample_value("layerwatch_drift_defect_rate_score", {"printer": "m290"})
    score = registry.get_sample_value("layerwatch_drift_picture_score", {"printer": "m290"})
    for number in range(watch.MOST_PRINTERS):
        escalation.see(layer_with(1, printer=f"p{number}"))

    assert ratio is not None
    assert ratio > 2
    assert rate_score is not None
    assert rate_score > 1
    assert score == pytest.approx(0)
    assert registry.get_sample_value("layerwatch_builds_at_risk", {"printer": "m290"}) is None
    assert registry.get_sample_value("layerwatch_drift_defect_rate_ratio", {"printer": "m290"}) is None


def test_limits_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING_RISK_LAYERS", "4")
    monkeypatch.setenv("MONITORING_RISK_REACH_MM", "1.5")

    limits = load_settings(RiskSettings)

    assert (limits.layers, limits.reach_mm, limits.window) == (4, 1.5, 8)


def test_the_core_of_a_build_is_not_told_of_an_unchanged_layer(layer_with: VerdictMaker) -> None:
    record = build.BuildRecord(RiskLimits())
    layer = finds.finds_of(layer_with(1, STREAK))

    assert record.see(layer) == ()
    assert record.see(layer) is None


def test_what_a_person_uploads_says_nothing_over_layers(layer_with: VerdictMaker) -> None:
    seen = BuildWatch(RiskLimits())
    for layer in range(1, 12):
        verdict = layer_with(layer, STREAK).model_copy(update={"printer": "check"})
        assert seen.see(verdict) == ()
    assert seen.printers == {}
