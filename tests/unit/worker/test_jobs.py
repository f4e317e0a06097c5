"""The job: once published is published, and after three attempts it is over."""

from collections.abc import Callable
from pathlib import Path

import pytest

from layerwatch.errors import WireError
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.memory import InMemoryResults
from layerwatch.verdict import Decision, Verdict
from worker.giving_up import key_of
from worker.jobs import GaveUpError, answer, inspect_layer
from worker.station import Station

WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]


@pytest.fixture
def message(sources: Path, write_pictures: WritePictures, some_message: MakeMessage) -> InspectLayer:
    return some_message(of=write_pictures(sources, defect_px=900))


def test_a_message_becomes_one_published_verdict(
    station: Station, results: InMemoryResults, message: InspectLayer
) -> None:
    del station

    inspect_layer(message.to_wire())

    (verdict,) = results.verdicts
    assert verdict.id == message.id
    assert verdict.decision is Decision.REJECT


def test_a_message_that_comes_twice_is_answered_once(
    station: Station, results: InMemoryResults, message: InspectLayer
) -> None:
    del station

    inspect_layer(message.to_wire())
    inspect_layer(message.to_wire())

    assert len(results.verdicts) == 1


def test_the_artifacts_keep_the_verdict_that_another_worker_published_meanwhile(
    station: Station, message: InspectLayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(message, station, attempt=2)
    monkeypatch.setattr(station.results, "is_published", lambda _: False)  # it was not yet, when this one began
    (on_disk,) = (tmp_path / "artifacts").rglob("verdict.json")
    published = on_disk.read_bytes()
    on_disk.unlink()

    answer(message, station, attempt=1)

    assert on_disk.read_bytes() == published


def test_a_verdict_written_before_a_crash_is_published_as_it_stands(
    station: Station, results: InMemoryResults, message: InspectLayer, tmp_path: Path
) -> None:
    written, _ = station.pipeline.inspect(message, attempt=1)

    answer(message, station, attempt=2)

    assert results.verdicts == [written]
    on_disk = (tmp_path / "artifacts" / written.key.folder / "verdict.json").read_bytes()
    assert on_disk == results.verdicts[0].to_json().encode()


def test_the_run_after_the_third_attempt_gives_up(
    station: Station, results: InMemoryResults, message: InspectLayer, tmp_path: Path
) -> None:
    with pytest.raises(GaveUpError):
        answer(message, station, attempt=4, last_failure="OSError: Input/output error")

    (verdict,) = results.verdicts
    assert verdict.decision is Decision.INVALID
    assert verdict.reasons == ("gave up after 3 attempts: OSError: Input/output error",)
    assert [image.light for image in verdict.images] == ["a", "b", "c"]
    on_disk = Verdict.from_json((tmp_path / "artifacts" / verdict.key.folder / "verdict.json").read_bytes())
    assert on_disk == verdict


def test_giving_up_is_told_even_when_nothing_can_be_written(
    station: Station, results: InMemoryResults, message: InspectLayer, tmp_path: Path
) -> None:
    (tmp_path / "artifacts").write_text("a file where the folder should be", encoding="utf-8")

    with pytest.raises(GaveUpError):
        answer(message, station, attempt=4)

    assert results.verdicts[0].decision is Decision.INVALID
    assert results.verdicts[0].artifacts.overlay is None


def test_giving_up_after_the_verdict_was_published_adds_nothing(
    station: Station, results: InMemoryResults, message: InspectLayer
) -> None:
    answer(message, station, attempt=1)

    answer(message, station, attempt=4)

    assert len(results.verdicts) == 1


def test_a_message_that_breaks_the_contract_is_refused(station: Station, results: InMemoryResults) -> None:
    del station

    with pytest.raises(WireError):
        inspect_layer({"schema": 1, "id": "nonsense"})

    assert results.verdicts == []


def test_an_inspection_id_tells_its_layer() -> None:
    key = key_of("m290_job_42_000123_melt-0123456789ab")

    assert key is not None
    assert str(key) == "m290_job_42_000123_melt"


@pytest.mark.parametrize("foreign", ["", "nonsense", "m290_job_12_melt-0123456789ab", "m290_job_000123_melt-xyz"])
def test_what_is_no_inspection_id_tells_none(foreign: str) -> None:
    assert key_of(foreign) is None
