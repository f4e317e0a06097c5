"""From a correction on the page to the trainer's next data set, with the real server and the real trainer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from redis import Redis

from layerwatch.layers import LayerSet
from layerwatch.verdict import Decision, ImageFacts, Region, Verdict
from monitoring.__main__ import main as monitoring
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.notes import Correction, Notes
from monitoring.history.records import Published
from monitoring.history.store import HistoryStore
from tests.integration.monitoring.conftest import eventually, start
from tests.unit.monitoring.conftest import some_verdict
from trainer.ignore import IGNORE
from trainer.labels.rules import FIRST_CORRECTED
from trainer.sources import LayerFiles, Source, find_layer_sets, parse_sources
from trainer.store import data_hash, read_layer, true_kinds

__all__ = ["eventually", "some_verdict", "start"]

pytestmark = pytest.mark.redis

BUILDS = ("job42", "job43")  # their pictures have the same names
WIDTH, HEIGHT = 200, 160
ROOTS = {".": 4, "m290": 4, "m290/job43": 2}  # what --images may name below SOURCES_DIR, and its layers


@dataclass(frozen=True)
class Plant:
    """Pictures of two builds below SOURCES_DIR, masks beside them, and their history."""

    folder: Path
    verdict: Verdict  # on layer 1 of the second build, with a region where its mask has a defect

    @property
    def environment(self) -> dict[str, str]:
        url, corrections = f"sqlite:///{self.folder}/history.sqlite3", str(self.folder / "corrections")
        return {"MONITORING_DATABASE_URL": url, "CORRECTIONS_DIR": corrections}

    def draw(self) -> None:
        """Draw something over the layer, without a page, and leave the folder as it is."""
        engine = open_database(self.environment["MONITORING_DATABASE_URL"])
        about = {"author": "ada", "note": "", "created": datetime.now(UTC)}
        drawn = Correction(inspection=self.verdict.id, kind="streak", points=((150, 20), (190, 40)), **about)  # type: ignore[arg-type]
        Notes(engine).correct(drawn)
        engine.dispose()

    def source(self, root: str, corrections: Path | None = None) -> Source:
        """What `trainer train --images SOURCES_DIR/ROOT --corrections CORRECTIONS_DIR/ROOT` reads."""
        (read,) = parse_sources(
            [self.folder / "incoming" / root],
            [str(self.folder / "masks" / root)],
            ["nist-ammt"],
            corrections=[str(corrections or self.folder / "corrections" / root)],
        )
        return read

    def kinds(self, root: str) -> dict[str, NDArray[np.uint8]]:
        """The kind of each pixel of each layer set, by the folder and the number of the layer."""
        source = self.source(root)
        return {_name(files): _kinds(files, source) for files in find_layer_sets(source, 0)}


@dataclass(frozen=True)
class Page:
    """The page of a plant, as somebody uses it."""

    plant: Plant
    address: str

    def correct(self, **drawn: object) -> int:
        place = f"{self.address}/api/inspections/{self.plant.verdict.id}/corrections"
        answer = httpx.post(place, json=drawn, timeout=10)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["number"])

    def undo(self, number: int) -> None:
        assert httpx.delete(f"{self.address}/api/corrections/{number}", timeout=10).status_code == 200


@pytest.fixture
def serve(any_redis: Redis, start: Callable[..., Any]) -> Callable[[Plant], Page]:
    """Starts the real page on a plant."""
    url = "redis://127.0.0.1:{port}/0".format(**any_redis.connection_pool.connection_kwargs)
    return lambda plant: Page(plant, start("serve", "--port", "0", url=url, **plant.environment).address())


@pytest.fixture
def plant(tmp_path: Path, write_pictures: Callable[..., LayerSet], some_verdict: Callable[..., Verdict]) -> Plant:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(mask, (20, 100), (80, 120), 255, 3)
    verdicts = []
    for build in BUILDS:
        for layer in (1, 2):
            layer_set = write_pictures(tmp_path / "incoming" / "m290", layer=layer, build=build)
            verdicts.append(_verdict(some_verdict, layer_set, mask))
            _write(tmp_path / "masks" / "m290" / build / f"{layer:06d}_melt.png", mask)
            _write(tmp_path / "artifacts" / verdicts[-1].key.folder / "mask.png", mask)
    made = Plant(folder=tmp_path, verdict=verdicts[2])
    engine = open_database(made.environment["MONITORING_DATABASE_URL"])
    migrate(engine)
    HistoryStore(engine).take_in([Published(body=each.to_json(), verdict=each) for each in verdicts])
    engine.dispose()
    return made


def _verdict(some_verdict: Callable[..., Verdict], layer_set: LayerSet, mask: NDArray[np.uint8]) -> Verdict:
    left, top, width, height = cv2.boundingRect(mask)
    region = Region(
        bbox=(left, top, width, height),
        area_px=cv2.countNonZero(mask),
        area_mm2=None,
        max_confidence=0.9,
        mean_confidence=0.8,
    )
    images = tuple(
        ImageFacts(light=c.light, path=f"m290/{c.path}", sha256=c.sha256, width=WIDTH, height=HEIGHT, bits=16)
        for c in layer_set.captures
    )
    about = {"build": layer_set.key.build, "layer": layer_set.key.layer, "published": datetime.now(UTC)}
    made = some_verdict(**about, decision=Decision.REVIEW)
    return made.model_copy(update={"id": layer_set.inspection_id, "images": images, "regions": (region,)})


def _write(file: Path, mask: NDArray[np.uint8]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), mask)


def _name(files: LayerFiles) -> str:
    return f"{files.pictures[0].parent.name}/{files.layer}"


def _kinds(files: LayerFiles, source: Source) -> NDArray[np.uint8]:
    return true_kinds(files, source, read_layer(files, source)[0])


def test_what_is_said_on_the_page_is_what_the_trainer_learns_next(plant: Plant, serve: Callable[[Plant], Page]) -> None:
    page = serve(plant)
    page.correct(kind="streak", points=[[150, 20], [190, 40]], note="the recoater")
    page.correct(kind="ignore", points=[[10, 10], [40, 10], [40, 40], [10, 40]])
    page.correct(kind="false-alarm", region=0)

    for root, layers in ROOTS.items():
        kinds = plant.kinds(root)
        assert len(kinds) == layers, root
        corrected = kinds.pop("job43/1")
        assert (corrected[20:40, 150:190] == FIRST_CORRECTED).all()
        assert (corrected[12:38, 12:38] == IGNORE).all()
        assert not corrected[90:130, 15:90].any(), "the false alarm is background"
        assert np.isin(corrected, (0, FIRST_CORRECTED, IGNORE)).all()
        for other in kinds.values():
            assert other[100:120, 20:80].any(), "what nobody corrected stays as its mask has it"
            assert not other[:80].any()


def test_what_is_undone_is_not_learned(plant: Plant, serve: Callable[[Plant], Page]) -> None:
    page = serve(plant)
    (plant.folder / "corrections").mkdir(exist_ok=True)
    before = data_hash(find_layer_sets(plant.source("."), 0))
    missed = page.correct(kind="pit", points=[[150, 20], [190, 40]])
    false = page.correct(kind="false-alarm", region=0)
    corrected = data_hash(find_layer_sets(plant.source("."), 0))

    page.undo(missed)
    one_left = plant.kinds(".")["job43/1"]
    page.undo(false)

    assert corrected != before
    assert not one_left.any()
    assert data_hash(find_layer_sets(plant.source("."), 0)) == before


def test_a_page_that_starts_writes_what_is_missing(
    plant: Plant, serve: Callable[[Plant], Page], eventually: Callable[..., None]
) -> None:
    plant.draw()

    serve(plant)

    eventually((plant.folder / "corrections" / "m290" / "job43" / "B0001a.PNG.json").is_file)
    assert (plant.kinds("m290")["job43/1"][20:40, 150:190] == FIRST_CORRECTED).all()


def test_all_corrections_are_exported_by_a_command(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant.draw()
    for name, value in plant.environment.items():
        monkeypatch.setenv(name, value)
    out = plant.folder / "drawn"

    done = [monitoring(["corrections", str(out), *only]) for only in ([], ["--build", "job42"])]

    assert done == [0, 0]
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "1 layers with corrections, 1 files changed",
        "0 layers with corrections, 0 files changed",
    ]
    source = plant.source(".", out)
    assert sorted(bool(files.corrections) for files in find_layer_sets(source, 0)) == [False, False, False, True]


def test_what_cannot_be_exported_is_counted_and_told(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant.draw()
    for name, value in plant.environment.items():
        monkeypatch.setenv(name, value)
    out = plant.folder / "drawn"
    (out / "m290" / "job43" / "B0001a.PNG.json").mkdir(parents=True)

    assert monitoring(["corrections", str(out)]) == 1

    assert "0 files changed, 1 not written" in capsys.readouterr().out
