from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwatch.layers import Capture, LayerKey, LayerSet, Stage, safe_name

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = LayerKey(printer="m290", build="job42", layer=123, stage=Stage.MELT)


def capture(light: str, content: str = "0") -> Capture:
    return Capture(light=light, path=f"B0123{light}.PNG", sha256=content * 64, modified=NOON)


def layer_set(*captures: Capture) -> LayerSet:
    return LayerSet(key=KEY, captures=captures, expected_lights=("a", "b", "c"))


def test_a_key_reads_as_printer_build_layer_and_stage() -> None:
    assert str(KEY) == "m290_job42_000123_melt"
    assert KEY.folder.as_posix() == "m290/job42/000123_melt"


@pytest.mark.parametrize(
    ("field", "value"), [("printer", "a_b"), ("printer", ""), ("build", "../x"), ("build", "a/b"), ("layer", -1)]
)
def test_a_key_that_could_leave_its_folder_is_refused(field: str, value: object) -> None:
    facts: dict[str, object] = {"printer": "p", "build": "b", "layer": 1, "stage": Stage.MELT, field: value}

    with pytest.raises(ValueError, match="expected"):
        LayerKey(**facts)  # type: ignore[arg-type]


def test_the_same_pictures_are_the_same_inspection() -> None:
    first = layer_set(capture("a"), capture("b", "1"))
    again = layer_set(capture("a"), capture("b", "1"))

    assert first.inspection_id == again.inspection_id
    assert first.inspection_id.startswith("m290_job42_000123_melt-")


def test_another_content_or_light_is_another_inspection() -> None:
    ids = {
        layer_set(capture("a"), capture("b", "1")).inspection_id,
        layer_set(capture("a", "1"), capture("b")).inspection_id,
        layer_set(capture("a"), capture("c", "1")).inspection_id,
        layer_set(capture("a")).inspection_id,
    }

    assert len(ids) == 4


def test_a_set_knows_which_lights_are_missing() -> None:
    assert layer_set(capture("a")).missing_lights == ("b", "c")


def test_a_light_can_stand_in_a_set_only_once() -> None:
    with pytest.raises(ValueError, match="different lights"):
        layer_set(capture("a"), capture("a", "1"))


def test_a_name_without_foreign_characters_stays_as_it_is() -> None:
    assert safe_name("job-42_b") == "job-42_b"


@given(st.text(min_size=1, max_size=300))
def test_every_name_becomes_a_build_name(text: str) -> None:
    LayerKey(printer="p", build=safe_name(text), layer=1, stage=Stage.RECOAT)


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_two_names_stay_two_names(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)
