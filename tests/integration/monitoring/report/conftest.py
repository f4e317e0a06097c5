"""A build of 200 layers with all that a report has to show: history in SQLite, artifacts in a folder."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy import Engine

from layerwatch.artifacts import ArtifactFolder
from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.notes import Acknowledgement, Correction, EventRecord, Notes
from monitoring.history.records import Published
from monitoring.history.store import HistoryStore
from tests.e2e.monitoring.conftest import drawn_overlay
from tests.unit.monitoring.conftest import some_verdict

__all__ = ["some_verdict"]

BEGIN = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
REJECTED = range(120, 126)
INVALID = (44, 45)
MISSING = (77, 78, 79)
AGAIN = 60


@dataclass(frozen=True, slots=True)
class Plant:
    """A history, in SQLite unless a URL says otherwise, and the artifacts beside it, in one folder to be copied."""

    folder: Path
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {"MONITORING_DATABASE_URL": self.history_url, "ARTIFACTS_DIR": str(self.artifacts.root)}

    @property
    def history_url(self) -> str:
        return self.url or f"sqlite:///{self.folder}/history/history.sqlite3"

    @property
    def artifacts(self) -> ArtifactFolder:
        return ArtifactFolder(self.folder / "artifacts")

    @contextmanager
    def history(self) -> Iterator[Engine]:
        engine = open_database(self.history_url)
        migrate(engine)
        yield engine
        engine.dispose()

    def take_in(self, verdicts: Sequence[Verdict]) -> None:
        with self.history() as engine:
            HistoryStore(engine).take_in([Published(body=each.to_json(), verdict=each) for each in verdicts])
            HistoryStore(engine).fill_gaps(1)


@pytest.fixture(scope="session")
def plant_of_200(tmp_path_factory: pytest.TempPathFactory, some_verdict: Callable[..., Verdict]) -> Plant:
    """Both stages of layers 1 to 200 of m290 job42, to read: a streak, layers to review, invalid ones, and a gap."""
    plant = Plant(tmp_path_factory.mktemp("plant"))
    verdicts = list(_verdicts(some_verdict))
    plant.take_in(verdicts)
    for verdict in verdicts:
        if verdict.artifacts.overlay is not None and verdict.decision is not Decision.PASS:
            plant.artifacts.write(PurePosixPath(verdict.artifacts.overlay), drawn_overlay(verdict))
            plant.artifacts.write(verdict.key.folder / "verdict.json", verdict.to_json().encode())
    with plant.history() as engine:
        _write_notes(Notes(engine), {(each.layer, each.stage): each for each in verdicts})
    return plant


@pytest.fixture
def own_plant(plant_of_200: Plant, tmp_path: Path) -> Plant:
    """A copy that a test may change."""
    return Plant(Path(shutil.copytree(plant_of_200.folder, tmp_path / "plant")))


def _verdicts(some_verdict: Callable[..., Verdict]) -> Iterator[Verdict]:
    for layer in range(1, 201):
        for number, stage in enumerate(Stage):
            if layer in MISSING and stage is Stage.MELT:
                continue
            when = BEGIN + timedelta(seconds=90 * layer + 40 * number)
            about = {"layer": layer, "stage": stage, "published": when, "seconds": 0.4 + 0.01 * (layer * 7 % 50)}
            if layer == AGAIN and stage is Stage.MELT:
                yield _as_pictured(some_verdict(**about, decision=Decision.INVALID, reasons=("missing light c",)))
                about |= {"revision": 2, "published": when + timedelta(minutes=5)}
            yield _as_pictured(some_verdict(**about, **_said(layer, stage)))


def _as_pictured(verdict: Verdict) -> Verdict:
    """Return the verdict as of one model and three lights."""
    model = None if verdict.model is None else verdict.model.model_copy(update={"sha256": "5e" * 32})
    lights = tuple(
        verdict.images[0].model_copy(
            update={"light": light, "sha256": hashlib.sha256(f"{verdict.id}{light}".encode()).hexdigest()}
        )
        for light in "abc"
    )
    return verdict.model_copy(update={"model": model, "images": lights})


def _said(layer: int, stage: Stage) -> dict[str, object]:
    if layer in REJECTED and stage is Stage.MELT:
        areas = (300 + 80 * (layer - 120), 40, 12)
        return {"decision": Decision.REJECT, "areas_px": areas, "reasons": (f"a region of {areas[0] / 100:.2f} mm²",)}
    if layer in INVALID and stage is Stage.RECOAT:
        return {"decision": Decision.INVALID, "reasons": ("light a is black", "light b is black")}
    if layer % 37 == 0:
        return {"decision": Decision.REVIEW, "areas_px": (40 + layer % 11, 14)}
    if layer % 5 == 0 and stage is Stage.MELT:
        return {"areas_px": (5,)}
    return {}


def _write_notes(notes: Notes, verdicts: dict[tuple[int, Stage], Verdict]) -> None:
    streak = [verdicts[layer, Stage.MELT] for layer in REJECTED]
    seen = [
        {"layer": each.layer, "id": each.id, "decision": each.decision, "area_px": each.regions[0].area_px,
         "area_mm2": each.regions[0].area_mm2, "overlay": each.artifacts.overlay}
        for each in streak
    ]  # fmt: skip
    body = {
        "schema": 1,
        "id": "m290_job42-build_at_risk-0123456789ab",
        "kind": "build_at_risk",
        "printer": "m290",
        "build": "job42",
        "layer": 125,
        "noticed": streak[-1].timing.published.isoformat(),
        "severity": "critical",
        "reasons": ["the same place is defective in 6 layers and grows"],
        "evidence": [{"stage": "melt", "bbox": [0, 50, 30, 30], "growing": True, "layers": seen}],
        "trigger": streak[-1].id,
    }
    event = EventRecord(
        id="m290_job42-build_at_risk-0123456789ab",
        kind="build_at_risk",
        printer="m290",
        build="job42",
        layer=125,
        published=streak[-1].timing.published,
        body=json.dumps(body),
    )
    notes.keep_event(event)
    later = BEGIN + timedelta(hours=4)
    for subject, note in ((event.id, "Build stopped for 10 minutes, recoater blade changed."), (streak[0].id, "")):
        notes.acknowledge(
            Acknowledgement(subject=subject, printer="m290", build="job42", author="R. Vogt", note=note, created=later)
        )
    notes.correct(
        Correction(
            inspection=verdicts[37, Stage.MELT].id,
            kind="false-alarm",
            points=((100.0, 50.0), (130.0, 50.0), (130.0, 80.0)),
            author="R. Vogt",
            note="A reflection of the lamp.",
            created=later,
        )
    )
