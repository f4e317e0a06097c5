"""`python -m monitoring report`: what it writes, and what it says where it cannot."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from layerwatch.artifacts import StoreUrl, open_artifacts
from layerwatch.layers import Stage
from layerwatch.verdict import Verdict
from monitoring.__main__ import main
from monitoring.history.notes import Acknowledgement, Notes
from monitoring.history.store import HistoryStore
from tests.integration.monitoring.conftest import ROOT
from tests.integration.monitoring.report.conftest import Plant
from tests.postgres import running_postgres

PICTURE = 'src="data:image/jpeg;base64,'


@dataclass(frozen=True, slots=True)
class Answer:
    """What the command gave back."""

    status: int
    out: str
    said: str

    @property
    def written(self) -> str:
        assert self.status == 0, self.said
        return self.out


@pytest.fixture
def report(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Runs the command on a plant: `report(plant, "job42", "--format", "csv")`."""

    def run(plant: Plant, *arguments: str, **environment: str) -> Answer:
        for name, value in (plant.environment | environment).items():
            monkeypatch.setenv(name, value)
        status = main(["report", *arguments])
        out, said = capfdbinary.readouterr()
        return Answer(status, out.decode(), said.decode())

    return run


Report = Callable[..., Answer]


def data_hash(report: dict[str, Any]) -> str:
    """The recipe of docs/reports.md."""
    parts = [{"build": report["build"], "printer": report["printer"]}]
    for name in ("layers", "events", "acknowledgements", "corrections"):
        parts += report[name]
    lines = [json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for part in parts]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def acknowledge(plant: Plant, *, author: str, note: str = "") -> None:
    with plant.history() as engine:
        Notes(engine).acknowledge(
            Acknowledgement(
                subject="m290_job42_000121_melt-0123456789ab",
                printer="m290",
                build="job42",
                author=author,
                note=note,
                created=datetime(2026, 5, 5, tzinfo=UTC),
            )
        )


def test_the_json_keeps_its_schema_and_its_hash_can_be_computed_from_it(plant_of_200: Plant, report: Report) -> None:
    found = json.loads(report(plant_of_200, "job42", "--format", "json").written)

    schema = json.loads((ROOT / "docs/schema/report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(found)
    assert data_hash(found) == found["data_sha256"]
    assert len(found["layers"]) == 397
    assert found["decisions"] == {"pass": 379, "review": 10, "reject": 6, "invalid": 2}
    assert found["gaps"] == [{"stage": "melt", "first": 77, "last": 79}]
    again = next(layer for layer in found["layers"] if layer["layer"] == 60 and layer["stage"] == "melt")
    assert [each["decision"] for each in again["earlier"]] == ["invalid"]


def test_two_reports_on_the_same_say_the_same_hash_until_something_is_added(own_plant: Plant, report: Report) -> None:
    first = report(own_plant, "job42", "--format", "csv").said.split()[-1]
    assert report(own_plant, "job42", "--format", "json").said.split()[-1] == first

    acknowledge(own_plant, author="A. Kim")

    assert report(own_plant, "job42", "--format", "json").said.split()[-1] != first


def test_postgresql_says_the_same_as_sqlite(
    tmp_path: Path, report: Report, some_verdict: Callable[..., Verdict]
) -> None:
    moment = datetime(2026, 5, 4, 6, 0, 0, 123456, tzinfo=UTC)
    verdicts = [
        some_verdict(layer=layer, revision=revision, areas_px=(7 * layer,), published=moment + timedelta(minutes=layer))
        for layer, revision in ((1, 1), (2, 1), (2, 2), (5, 1))
    ]
    with running_postgres() as server:
        plants = Plant(tmp_path / "one"), Plant(tmp_path / "two", server.new_database("report"))
        for plant in plants:
            plant.take_in(verdicts)
            acknowledge(plant, author="A. Kim")
        said = [report(plant, "job42", "--format", "csv").said.split()[-1] for plant in plants]

    assert said[0] == said[1]
    assert len(said[0]) == 64


def test_the_table_has_a_row_for_each_layer_and_stage(plant_of_200: Plant, report: Report) -> None:
    table = report(plant_of_200, "job42", "--format", "csv").written

    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert [(int(row["layer"]), row["stage"]) for row in rows] == [
        (layer, stage)
        for layer in range(1, 201)
        for stage in Stage
        if stage is Stage.RECOAT or layer not in {77, 78, 79}
    ]
    rejected = next(row for row in rows if row["decision"] == "reject")
    assert (rejected["layer"], rejected["defect_area_mm2"], rejected["regions"]) == ("120", "3.52", "3")
    assert [len(each) for each in rejected["pictures_sha256"].split()] == [64, 64, 64]


def test_the_document_holds_all_that_is_to_be_filed(plant_of_200: Plant, report: Report, tmp_path: Path) -> None:
    out = tmp_path / "filed" / "job42.html"

    answer = report(plant_of_200, "job42", "--out", str(out))

    assert answer.written == ""
    html = out.read_text(encoding="utf-8")
    for words in (
        answer.said.split()[-1],
        "6 layers rejected",
        "Build at risk",
        "the same place is defective in 6 layers and grows",
        "77 to 79",
        "light a is black; light b is black",
        "revision 1: invalid",
        "recoater blade changed",
        "A reflection of the lamp.",
        "5e" * 32,
    ):
        assert words in html, words
    assert html.count(PICTURE) == 12
    assert len(html) < 4_000_000
    assert [each for each in html.split('"') if each.startswith(("http:", "https:", "//"))] == []


def test_a_build_that_may_go_on_and_a_history_with_a_gap_are_told(
    tmp_path: Path, report: Report, some_verdict: Callable[..., Verdict]
) -> None:
    plant = Plant(tmp_path)
    plant.take_in([some_verdict(published=datetime.now(UTC) - timedelta(hours=2, minutes=5))])
    before = report(plant, "job42").written
    with plant.history() as engine:
        HistoryStore(engine).start_over("0")

    html = report(plant, "job42").written

    assert "The last verdict came 2 h 5 min before this report was made; the build may go on." in html
    assert "The history was not complete" in html
    assert "No defect found, the history is not complete" in html
    assert "All layers pass" not in html
    assert "The history was not complete" not in before
    assert "All layers pass" in before


def test_words_of_people_are_text_and_never_markup(own_plant: Plant, report: Report) -> None:
    acknowledge(own_plant, author="<script>alert(1)</script>", note='"><img src=x>')

    html = report(own_plant, "job42").written

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    assert "<img src=x>" not in html


def test_where_retention_removed_overlays_the_document_says_so(own_plant: Plant, report: Report) -> None:
    own_plant.artifacts.remove(PurePosixPath("m290/job42/000125_melt/overlay.jpg"))

    html = report(own_plant, "job42").written

    assert html.count("it was removed to make room") == 1
    assert html.count(PICTURE) == 11


def test_where_artifacts_are_elsewhere_the_document_says_that(
    plant_of_200: Plant, report: Report, tmp_path: Path
) -> None:
    html = report(plant_of_200, "job42", ARTIFACTS_DIR=str(tmp_path / "elsewhere")).written

    assert html.count("were not there when the report was made") == 12


def test_overlays_come_from_an_object_store_alike(plant_of_200: Plant, report: Report, s3_url: str) -> None:
    store = open_artifacts(StoreUrl.parse(s3_url))
    for layer in (124, 125):
        path = PurePosixPath(f"m290/job42/000{layer}_melt/overlay.jpg")
        store.write(path, plant_of_200.artifacts.read(path))

    html = report(plant_of_200, "job42", ARTIFACTS_DIR=s3_url).written

    assert html.count(PICTURE) == 2


def test_a_store_that_is_away_ends_the_command_in_words(
    plant_of_200: Plant, report: Report, s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    answer = report(plant_of_200, "job42", "--out", str(tmp_path / "report.html"), ARTIFACTS_DIR=s3_url)

    assert answer.status == 2
    assert "cannot reach s3://" in answer.said
    assert not (tmp_path / "report.html").exists()


def test_an_unknown_build_is_answered_with_names_like_it(plant_of_200: Plant, report: Report) -> None:
    answer = report(plant_of_200, "job24")

    assert (answer.status, answer.out) == (2, "")
    assert "no build job24; it knows job42 on m290" in answer.said


def test_a_name_that_two_printers_have_is_asked_back(
    own_plant: Plant, report: Report, some_verdict: Callable[..., Verdict]
) -> None:
    own_plant.take_in([some_verdict(printer="old-eos", layer=1)])

    refused = report(own_plant, "job42", "--format", "json")
    chosen = report(own_plant, "job42", "--format", "json", "--printer", "old-eos")

    assert refused.status == 2
    assert "2 printers have a build job42: add --printer m290 or old-eos" in refused.said
    assert json.loads(chosen.written)["printer"] == "old-eos"


def test_where_there_is_no_history_none_is_made(report: Report, tmp_path: Path) -> None:
    answer = report(Plant(tmp_path / "nothing"), "job42")

    assert answer.status == 2
    assert "there is no history yet" in answer.said
    assert "rebuild" in answer.said
    assert not (tmp_path / "nothing").exists()


def test_a_file_that_cannot_be_written_is_told(plant_of_200: Plant, report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    answer = report(plant_of_200, "job42", "--out", str(tmp_path / "file" / "report.html"))

    assert answer.status == 2
    assert "cannot write" in answer.said


def test_a_build_of_20000_layers_takes_little_more_memory_than_a_small_one(
    plant_of_200: Plant, some_verdict: Callable[..., Verdict], tmp_path: Path
) -> None:
    plant = Plant(tmp_path)
    one = some_verdict()
    for first in range(0, 20_000, 4_000):
        plant.take_in([_renumbered(one, number) for number in range(first, first + 4_000)])

    small = _most_memory(plant_of_200, tmp_path / "small.html")
    large = _most_memory(plant, tmp_path / "large.html")

    assert (tmp_path / "large.html").stat().st_size > 5_000_000
    assert large - small < 100 << 20


def _renumbered(verdict: Verdict, layer: int) -> Verdict:
    identity = f"m290_job42_{layer:06d}_melt-{hashlib.sha256(str(layer).encode()).hexdigest()[:12]}"
    return verdict.model_copy(update={"id": identity, "layer": layer})


def _most_memory(plant: Plant, out: Path) -> int:
    """Make a report in a process of its own, and return the bytes that it held at most."""
    command = [sys.executable, "-m", "monitoring", "report", "job42", "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **plant.environment})
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    return used.ru_maxrss * 1024
