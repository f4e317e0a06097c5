"""A plant to look at: builds with every decision, in Redis, in the history, on disk, as printer and workers do it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import pytest
from redis import Redis

from layerwatch.artifacts import ArtifactFolder
from layerwatch.events import Event, EventKind, Evidence, LayerSeen, Severity, event_id
from layerwatch.layers import LayerKey, LayerSet, Stage
from layerwatch.redis_events import RedisEvents
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import ArtifactPaths, Decision, ImageFacts, Verdict
from monitoring.history.database import open_database
from monitoring.history.kept_events import KeptEvents
from monitoring.history.migrate import migrate
from monitoring.history.notes import Notes
from monitoring.history.records import Published
from monitoring.history.store import HistoryStore
from tests.conftest import any_server_binary, running_server
from tests.e2e.monitoring.conftest import drawn_overlay
from tests.integration.monitoring.conftest import ROOT, Process, wait_until
from tests.processes import end

VerdictMaker = Callable[..., Verdict]
PictureWriter = Callable[..., LayerSet]

LAYERS = 12
SIDE = 1000  # of pictures and overlays; verdicts of `some_verdict` are about pictures of this size
AGES = timedelta(seconds=20)  # from layer to layer
CHECKED = "check_20260504-120000-0a1b2c_000001_melt-0123456789ab"  # a layer that a person uploaded
SAID: dict[int, dict[str, object]] = {
    4: {
        "decision": Decision.REVIEW,
        "areas_px": (45, 14),
        "reasons": ("a region of 0.45 mm² reaches the review area",),
    },
    6: {"decision": Decision.REJECT, "areas_px": (2400, 300), "reasons": ("a region reaches the reject area",)},
    7: {"decision": Decision.REJECT, "areas_px": (2600, 310), "reasons": ("a region reaches the reject area",)},
    9: {"decision": Decision.INVALID, "reasons": ("missing light b",)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlant:
    """Where everything lies.

    Attributes:
        verdicts: all that were published, the newest revision of each layer last.
    """

    folder: Path
    redis_url: str
    verdicts: tuple[Verdict, ...]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "REDIS_URL": self.redis_url,
            "SOURCES_DIR": str(self.folder / "incoming"),
            "ARTIFACTS_DIR": str(self.folder / "artifacts"),
            "MONITORING_DATABASE_URL": f"sqlite:///{self.folder}/history.sqlite3",
            "MONITORING_USERS_FILE": str(self.folder / "users.toml"),
            "MONITORING_AUDIT_FILE": str(self.folder / "audit.jsonl"),
            "CORRECTIONS_DIR": str(self.folder / "corrections"),
        }

    def layer(self, number: int, stage: Stage = Stage.MELT) -> Verdict:
        """Return the newest verdict on a layer of m290 job42."""
        its = [each for each in self.verdicts if (each.printer, each.layer, each.stage) == ("m290", number, stage)]
        return its[-1]

    @contextmanager
    def works(self, bundle: Path) -> Iterator[None]:
        """Run a worker with a model."""
        with (self.folder / "worker.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "worker", "run"],
                cwd=ROOT,
                env=os.environ | self.environment | {"WORKER_MODEL": str(bundle)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(lambda: "worker_ready" in (self.folder / "worker.log").read_text(encoding="utf-8"))
            yield
        finally:
            end(process)

    @contextmanager
    def served(self, name: str = "page", **settings: str) -> Iterator[str]:
        """Serve the page as a process of its own, and hand over its address."""
        page = Process(self.folder / name, ("serve", "--port", "0"), self.environment | settings)
        try:
            yield page.address()
        finally:
            end(page.popen)


@pytest.fixture(scope="module")
def plant(
    tmp_path_factory: pytest.TempPathFactory, some_verdict: VerdictMaker, write_pictures: PictureWriter
) -> Iterator[ShownPlant]:
    """A plant to read; a module that imports this has one of its own."""
    with shown_plant(tmp_path_factory.mktemp("plant"), some_verdict, write_pictures) as plant:
        yield plant


@contextmanager
def shown_plant(folder: Path, some_verdict: VerdictMaker, write_pictures: PictureWriter) -> Iterator[ShownPlant]:
    """Start a Redis of its own and fill everything; two printers, the second one's build is short."""
    (folder / "redis").mkdir(parents=True)
    with running_server(any_server_binary(), folder / "redis") as server:
        verdicts = tuple(_verdicts(folder, some_verdict, write_pictures))
        plant = ShownPlant(folder=folder, redis_url=server.url, verdicts=verdicts)
        _tell(plant)
        _write_artifacts(plant)
        yield plant


def _verdicts(folder: Path, some_verdict: VerdictMaker, write_pictures: PictureWriter) -> Iterator[Verdict]:
    begin = datetime.now(UTC) - LAYERS * AGES
    for printer, build, layers in (("m290", "job42", LAYERS), ("m400", "job7", 2)):
        for layer in range(1, layers + 1):
            pictures = write_pictures(folder / "incoming", layer=layer, build=build, size=(SIDE, SIDE), defect_px=900)
            for stage in (Stage.RECOAT, Stage.MELT):
                where = {"printer": printer, "build": build, "layer": layer, "stage": stage}
                when = {"published": begin + layer * AGES, "seconds": 1.0 + layer % 3}
                if (printer, layer, stage) == ("m290", 3, Stage.MELT):
                    yield _of(pictures, some_verdict(**where, **when, decision=Decision.INVALID, reasons=("too dark",)))
                    when |= {"revision": 2}
                said = SAID.get(layer, {}) if stage is Stage.MELT and printer == "m290" else {}
                yield _of(pictures, some_verdict(**where, **when, **said))
    yield _of(pictures, some_verdict(**SAID[4]).model_copy(update=_uploaded()))


def _uploaded() -> dict[str, object]:
    """Return what a verdict on an uploaded layer has in place of others."""
    key = LayerKey.parse(CHECKED)
    paths = ArtifactPaths(overlay=f"{key.folder}/overlay.jpg", mask=f"{key.folder}/mask.png")
    return {"id": CHECKED, "printer": key.printer, "build": key.build, "layer": key.layer, "artifacts": paths}


def _of(pictures: LayerSet, verdict: Verdict) -> Verdict:
    """Return the verdict as about these pictures."""
    images = tuple(
        ImageFacts(
            light=each.light, path=each.path, sha256=each.sha256, width=SIDE, height=SIDE, bits=16, saturated_ratio=0.4
        )
        for each in pictures.captures
    )
    return verdict.model_copy(update={"images": images})


def _tell(plant: ShownPlant) -> None:
    """Publish verdicts and an event, and keep both in the history, as workers and recorder do."""
    engine = open_database(plant.environment["MONITORING_DATABASE_URL"])
    migrate(engine)
    with Redis.from_url(plant.redis_url) as redis:
        assert all(RedisResults(redis).publish(verdict) for verdict in plant.verdicts)
        assert KeptEvents(RedisEvents(redis), Notes(engine)).publish(_at_risk(plant))
    HistoryStore(engine).take_in([Published(body=each.to_json(), verdict=each) for each in plant.verdicts])
    engine.dispose()


def _at_risk(plant: ShownPlant) -> Event:
    seen = [plant.layer(6), plant.layer(7)]
    layers = tuple(
        LayerSeen(
            layer=each.layer, id=each.id, decision=each.decision, area_px=each.regions[0].area_px,
            area_mm2=each.regions[0].area_mm2, overlay=each.artifacts.overlay,
        )
        for each in seen
    )  # fmt: skip
    return Event(
        id=event_id("m290", "job42", EventKind.BUILD_AT_RISK, 7),
        kind=EventKind.BUILD_AT_RISK,
        severity=Severity.CRITICAL,
        printer="m290",
        build="job42",
        layer=7,
        reasons=("the same place is defective in 2 layers and grows",),
        evidence=(Evidence(stage=Stage.MELT, bbox=(0, 50, 30, 90), growing=True, layers=layers),),
        trigger=seen[-1].id,
        noticed=seen[-1].timing.published,
    )


def _write_artifacts(plant: ShownPlant) -> None:
    artifacts = ArtifactFolder(plant.folder / "artifacts")
    for verdict in plant.verdicts:
        if verdict.artifacts.overlay is not None and verdict.artifacts.mask is not None:
            artifacts.write(PurePosixPath(verdict.artifacts.overlay), drawn_overlay(verdict))
            artifacts.write(PurePosixPath(verdict.artifacts.mask), _mask(verdict))
        artifacts.write(verdict.key.folder / "verdict.json", verdict.to_json().encode())


def _mask(verdict: Verdict) -> bytes:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for region in verdict.regions:
        x, y, width, height = region.bbox
        mask[y : y + height, x : x + width] = 255
    return bytes(cv2.imencode(".png", mask)[1])
