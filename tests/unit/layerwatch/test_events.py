"""The wire contract of events: what is sent can be read back, and the schema in docs/ says the same."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from layerwatch.errors import WireError
from layerwatch.events import SEVERITY_OF, Event, EventKind, Evidence, LayerSeen, Measured, Severity, event_id
from layerwatch.layers import Stage
from layerwatch.schema import schema_text
from layerwatch.verdict import Decision

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
ID = "m290_job42_000012_melt-0123456789ab"

seen = st.builds(
    LayerSeen,
    layer=st.integers(0, 10**6),
    id=st.just(ID),
    decision=st.sampled_from(Decision),
    area_px=st.integers(0, 10**8),
    area_mm2=st.none() | st.floats(0, 1e6),
    overlay=st.none() | st.just("m290/job42/000012_melt/overlay.jpg"),
)
measured = st.builds(
    Measured,
    what=st.sampled_from(["flagged", "saturated_ratio", "sharpness"]),
    light=st.sampled_from(["", "a"]),
    normal=st.floats(0, 10),
    recent=st.floats(0, 10),
    normal_sets=st.integers(1, 500),
    recent_sets=st.integers(1, 500),
)
evidence = st.builds(
    Evidence,
    stage=st.sampled_from(Stage),
    bbox=st.none() | st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99), st.integers(1, 99)),
    growing=st.booleans(),
    layers=st.lists(seen, max_size=3).map(tuple),
    measured=st.none() | measured,
)
events = st.builds(
    Event,
    schema=st.just(1),
    id=st.sampled_from(EventKind).map(lambda kind: event_id("m290", "job_42", kind, ID)),
    kind=st.sampled_from(EventKind),
    severity=st.sampled_from(Severity),
    printer=st.just("m290"),
    build=st.just("job_42"),
    layer=st.integers(0, 10**6),
    reasons=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=3).map(tuple),
    evidence=st.lists(evidence, min_size=1, max_size=2).map(tuple),
    trigger=st.just(ID),
    noticed=st.just(NOON),
)


@given(events)
def test_an_event_survives_the_wire(event: Event) -> None:
    assert Event.from_json(event.to_json()) == event


@given(events)
def test_every_event_keeps_the_published_schema(event: Event) -> None:
    Draft202012Validator(json.loads(schema_text(Event))).validate(json.loads(event.to_json()))


@given(events)
def test_a_reader_ignores_fields_that_it_does_not_know(event: Event) -> None:
    body = json.loads(event.to_json()) | {"added_later": {"x": 1}}

    assert Event.from_json(json.dumps(body)) == event


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"schema": 2}', "\x80"])
def test_what_is_no_event_is_refused_with_a_reason(body: str) -> None:
    with pytest.raises(WireError, match="not an event of version 1"):
        Event.from_json(body)


def test_ids_tell_builds_kinds_and_what_it_is_about_apart() -> None:
    ids = {
        event_id(printer, "job42", kind, *about)
        for printer in ("a", "b")
        for kind in EventKind
        for about in ((ID,), (ID, Stage.MELT))
    }

    assert len(ids) == 2 * len(EventKind) * 2


def test_only_a_build_at_risk_asks_for_a_decision_now() -> None:
    assert [kind for kind, severity in SEVERITY_OF.items() if severity is Severity.CRITICAL] == [
        EventKind.BUILD_AT_RISK
    ]
