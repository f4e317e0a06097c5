"""The wire contract: what is sent can be read back, and the schema in docs/ says the same."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from layerwatch.errors import WireError
from layerwatch.job import InspectLayer
from layerwatch.layers import Capture, LayerKey, LayerSet, Stage
from layerwatch.profile import load_profile
from layerwatch.schema import CONTRACT, main, schema_text
from layerwatch.verdict import (
    ArtifactPaths,
    Decision,
    ImageFacts,
    ModelFacts,
    Region,
    StepSeconds,
    Timing,
    Verdict,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
times = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
ratios = st.floats(0, 1)
shas = st.text("0123456789abcdef", min_size=64, max_size=64)
names = st.text("abcXYZ019-", min_size=1, max_size=12)
seconds = st.floats(0, 1e6)

regions = st.builds(
    Region,
    bbox=st.tuples(st.integers(0, 9999), st.integers(0, 9999), st.integers(1, 9999), st.integers(1, 9999)),
    area_px=st.integers(1, 10**8),
    area_mm2=st.none() | st.floats(0, 1e6),
    max_confidence=ratios,
    mean_confidence=ratios,
)
images = st.builds(
    ImageFacts,
    light=st.sampled_from(["", "a", "b", "c"]),
    path=st.text(min_size=1, max_size=30),
    sha256=shas,
    width=st.none() | st.integers(1, 30000),
    height=st.none() | st.integers(1, 30000),
    bits=st.sampled_from([None, 8, 12, 16]),
    saturated_ratio=st.none() | ratios,
)
timings = st.builds(
    Timing,
    captured=times,
    settled=times,
    queued=times,
    started=times,
    published=times,
    seconds=st.builds(StepSeconds, read=seconds, inference=seconds),
)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    key = LayerKey(
        printer=draw(names), build=draw(names), layer=draw(st.integers(0, 999_999)), stage=draw(st.sampled_from(Stage))
    )
    return Verdict(
        id=f"{key}-{draw(shas)[:12]}",
        printer=key.printer,
        build=key.build,
        layer=key.layer,
        stage=key.stage,
        revision=draw(st.integers(1, 99)),
        decision=draw(st.sampled_from(Decision)),
        reasons=tuple(draw(st.lists(st.text(max_size=30), max_size=3))),
        max_confidence=draw(ratios),
        defect_area_ratio=draw(ratios),
        defect_area_mm2=draw(st.none() | st.floats(0, 1e6)),
        regions=tuple(draw(st.lists(regions, max_size=3))),
        regions_truncated=draw(st.booleans()),
        images=tuple(draw(st.lists(images, min_size=1, max_size=3))),
        model=ModelFacts(bundle="starter/1", precision="int8", backend="openvino", threshold=0.5, sha256="0" * 64),
        artifacts=ArtifactPaths(overlay="p/b/000001_melt/overlay.jpg", mask="p/b/000001_melt/mask.png"),
        timing=draw(timings),
        attempt=draw(st.integers(1, 4)),
        worker=draw(names),
    )


@given(verdicts())
def test_a_verdict_survives_the_wire(verdict: Verdict) -> None:
    assert Verdict.from_json(verdict.to_json()) == verdict


@given(verdicts())
def test_every_verdict_keeps_the_published_schema(verdict: Verdict) -> None:
    Draft202012Validator(json.loads(schema_text(Verdict))).validate(json.loads(verdict.to_json()))


@given(verdicts())
def test_a_reader_ignores_fields_that_it_does_not_know(verdict: Verdict) -> None:
    body = json.loads(verdict.to_json()) | {"added_later": {"x": 1}}

    assert Verdict.from_json(json.dumps(body)) == verdict


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"schema": 2}', "\x80"])
def test_what_is_no_verdict_is_refused_with_a_reason(body: str) -> None:
    with pytest.raises(WireError, match="not a verdict of version 1"):
        Verdict.from_json(body)


def some_job() -> InspectLayer:
    key = LayerKey(printer="m290", build="job42", layer=1, stage=Stage.MELT)
    captures = tuple(
        Capture(light=light, path=f"B0001{light}.PNG", sha256=light * 64, modified=NOON) for light in ("a", "b", "c")
    )
    layer_set = LayerSet(key=key, captures=captures, expected_lights=("a", "b", "c"))
    return InspectLayer.about(layer_set, profile=load_profile("nist-ammt"), revision=1, settled=NOON, queued=NOON)


def test_a_job_survives_the_wire() -> None:
    job = some_job()

    assert InspectLayer.from_wire(json.loads(json.dumps(job.to_wire()))) == job


def test_a_job_whose_id_is_not_that_of_its_captures_is_refused() -> None:
    wire = some_job().to_wire()
    wire["captures"][0]["sha256"] = "d" * 64

    with pytest.raises(WireError, match="captures give"):
        InspectLayer.from_wire(wire)


@pytest.mark.parametrize(
    "change", [{"layer": -1}, {"printer": "../.."}, {"captures": []}, {"stage": "x"}, {"schema": 9}]
)
def test_a_job_that_breaks_the_contract_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(WireError, match="not a job of version 1"):
        InspectLayer.from_wire(some_job().to_wire() | change)


@pytest.mark.parametrize("name", CONTRACT)
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(schema_text(CONTRACT[name])))


def test_the_schemas_in_the_docs_are_current() -> None:
    assert main(["--check"]) == 0
