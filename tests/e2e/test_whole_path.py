"""The whole system as processes: what the printer wrote has exactly one verdict, whoever is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import cv2
import pytest
from jsonschema import Draft202012Validator
from redis import Redis

from layerwatch.verdict_stream import STREAM
from tests.processes import end

pytestmark = [pytest.mark.e2e, pytest.mark.redis]
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


class Server(Protocol):
    """What the tests need of the server of conftest."""

    port: int
    url: str


class Plant:
    """A watched folder, an artifacts folder, and the roles as processes on one server."""

    def __init__(self, folder: Path, redis: Redis, url: str, bundle: Path, stack: ExitStack) -> None:
        self.incoming, self.artifacts, self.truth = folder / "incoming", folder / "artifacts", folder / "truth"
        self.incoming.mkdir()
        self.redis = redis
        self._stack = stack
        self._log = folder / "log"
        self.environment = {
            **os.environ,
            "REDIS_URL": url,
            "SOURCES_DIR": str(self.incoming),
            "ARTIFACTS_DIR": str(self.artifacts),
            "INGEST_BUILD": "job",
            "INGEST_PRINTER": "m290",
            "WORKER_MODEL": str(bundle),
            "OMP_NUM_THREADS": "2",
        }

    def start(self, *words: str, **settings: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env={**self.environment, **settings},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._stack.callback(end, process)
        return process

    def print_layers(self, layers: int, *, seed: int = 1, options: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        pace = ("--layers", str(layers), "--seed", str(seed), "--size", "256", *options)
        return self.start("simulator", "run", "--out", str(self.incoming), "--truth", str(self.truth), *pace)

    def verdicts(self) -> list[dict[str, Any]]:
        entries: Any = self.redis.xrange(STREAM)
        return [json.loads(fields[b"verdict"]) for _, fields in entries]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE
        while len(self.verdicts()) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.5)  # a verdict too many would come now
        return self.verdicts()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")


@pytest.fixture
def plant(tmp_path: Path, any_redis: Redis, any_redis_server: Server, tiny_bundle: Path) -> Iterator[Plant]:
    with ExitStack() as stack:
        yield Plant(tmp_path, any_redis, any_redis_server.url, tiny_bundle, stack)


def keys(verdicts: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return sorted((verdict["layer"], verdict["stage"]) for verdict in verdicts)


def all_sets(layers: int) -> list[tuple[int, str]]:
    return [(layer, stage) for layer in range(1, layers + 1) for stage in ("melt", "recoat")]


def test_each_picture_set_comes_out_as_one_verdict_with_overlay_and_mask(plant: Plant) -> None:
    plant.start("ingest", "run")
    plant.start("worker", "run")
    plant.print_layers(3, options=("--period", "1"))

    verdicts = plant.wait_for(6)

    assert keys(verdicts) == all_sets(3), plant.log
    schema = Draft202012Validator(json.loads((ROOT / "docs/schema/verdict.schema.json").read_text()))
    for verdict in verdicts:
        schema.validate(verdict)
        assert verdict["decision"] in {"pass", "review", "reject"}, verdict["reasons"]
        folder = plant.artifacts / "m290" / "job" / f"{verdict['layer']:06d}_{verdict['stage']}"
        assert json.loads((folder / "verdict.json").read_text()) == verdict
        mask = cv2.imread(str(folder / "mask.png"), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert mask.shape == (256, 256)
        assert cv2.imread(str(folder / "overlay.jpg")) is not None
        assert {image["bits"] for image in verdict["images"]} == {16}


def test_redis_cli_sees_the_same_bodies_on_channel_and_stream(plant: Plant, any_redis_server: Server) -> None:
    cli = shutil.which("redis-cli")
    if cli is None:
        pytest.skip("redis-cli is not installed")
    port = str(any_redis_server.port)
    listening = subprocess.Popen(
        [cli, "-p", port, "SUBSCRIBE", STREAM], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    plant.start("ingest", "run")
    plant.start("worker", "run")
    plant.print_layers(1, options=("--period", "0"))
    plant.wait_for(2)

    listening.terminate()
    heard, _ = listening.communicate(timeout=10)
    kept = subprocess.run([cli, "-p", port, "XRANGE", STREAM, "-", "+"], capture_output=True, text=True, check=True)

    bodies = [line for line in heard.splitlines() if line.startswith("{")]
    assert len(bodies) == 2
    assert [line for line in kept.stdout.splitlines() if line.startswith("{")] == bodies


def test_killed_ingest_and_worker_lose_no_layer(plant: Plant) -> None:
    ingest, worker = plant.start("ingest", "run"), plant.start("worker", "run")
    printer = plant.print_layers(8, options=("--period", "1.5"))

    plant.wait_for(3)
    ingest.send_signal(signal.SIGKILL)
    time.sleep(1.5)
    worker.send_signal(signal.SIGKILL)
    time.sleep(1.5)
    plant.start("ingest", "run")
    time.sleep(0.5)
    plant.start("worker", "run")
    assert printer.wait(timeout=PATIENCE) == 0, plant.log

    assert keys(plant.wait_for(16)) == all_sets(8), plant.log


def test_a_worker_that_is_killed_over_and_over_loses_no_layer(plant: Plant) -> None:
    plant.print_layers(6, options=("--period", "0", "--write", "plain")).wait(timeout=PATIENCE)
    plant.start("ingest", "run")
    for pause in (1.5, 1.7, 1.9, 2.1):
        worker = plant.start("worker", "run", WORKER_DEAD_AFTER_SECONDS="5", WORKER_SWEEP_SECONDS="1")
        time.sleep(pause)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    plant.start("worker", "run", WORKER_DEAD_AFTER_SECONDS="5", WORKER_SWEEP_SECONDS="1")

    verdicts = plant.wait_for(12)

    assert keys(verdicts) == all_sets(6), plant.log
    assert len({verdict["id"] for verdict in verdicts}) == 12


def test_what_a_printer_does_wrong_is_said_in_words(plant: Plant) -> None:
    faults = ("half-written@2:melt:a", "missing-light@3:melt:b", "black@4:melt:c", "repeated-frame@5:melt:a")
    options = tuple(word for fault in faults for word in ("--fault", fault))
    plant.start("ingest", "run", INGEST_SET_TIMEOUT_SECONDS="3", INGEST_GRACE_SECONDS="3")
    plant.start("worker", "run")
    plant.print_layers(5, options=("--period", "1", *options))

    verdicts = {(verdict["layer"], verdict["stage"]): verdict for verdict in plant.wait_for(10)}

    assert sorted(verdicts) == all_sets(5), plant.log
    wrong = {layer: " ".join(verdicts[layer, "melt"]["reasons"]) for layer in range(2, 6)}
    assert {verdicts[layer, "melt"]["decision"] for layer in range(2, 6)} == {"invalid"}
    assert "light a" in wrong[2]
    assert wrong[3] == "missing light b"
    assert "black" in wrong[4]
    assert "duplicate frame" in wrong[5]
    assert {verdict["decision"] for key, verdict in verdicts.items() if key[1] == "recoat"} <= {
        "pass",
        "review",
        "reject",
    }
