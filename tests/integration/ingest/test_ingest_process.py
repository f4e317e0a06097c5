"""Ingest as a process on a real Redis and a real folder."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE, InspectLayer
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from tests.processes import end

pytestmark = pytest.mark.redis
ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 20.0


class Server(Protocol):
    """What the tests need of a server of conftest."""

    url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


def picture(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 65535, (24, 32), dtype=np.uint16)
    return cv2.imencode(".png", pixels)[1].tobytes()


def wait_until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Site:
    """A watched folder, an artifacts folder, and ingest as a process."""

    def __init__(self, folder: Path, url: str, stack: ExitStack) -> None:
        self.root, self.artifacts = folder / "incoming", folder / "artifacts"
        self.root.mkdir()
        self.url = url
        self._log = folder / "ingest.log"
        self._stack = stack

    def start(self, *options: str, **settings: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "REDIS_URL": self.url,
            "SOURCES_DIR": str(self.root),
            "ARTIFACTS_DIR": str(self.artifacts),
            "INGEST_RESCAN_SECONDS": "1",
            "INGEST_SETTLE_SECONDS": "0.4",
            "LOG_FORMAT": "json",
            **settings,
        }
        with self._log.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ingest", "run", *options],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._stack.callback(_end, process)
        return process

    def watching(self, *options: str, **settings: str) -> subprocess.Popen[str]:
        """Start, and return when it looks at the folder."""
        count = self.log.count('"watching"')
        process = self.start(*options, **settings)
        assert wait_until(lambda: self.log.count('"watching"') > count), self.log
        return process

    def write(self, name: str, content: int) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(content))
        return path

    def write_set(self, layer: int, folder: str = ".") -> None:
        for number, light in enumerate("abc"):
            self.write(f"{folder}/B{layer:04d}{light}.PNG", 100 * layer + number)

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def messages(self) -> list[InspectLayer]:
        with Redis.from_url(self.url) as client:
            queue = Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)
            jobs = Job.fetch_many(queue.job_ids, connection=client, serializer=JSONSerializer)
            return [InspectLayer.from_wire(job.args[0]) for job in jobs if job is not None]

    def layers(self) -> list[int]:
        return sorted(message.layer for message in self.messages())

    def status(self, *options: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "ingest", "status", *options],
            cwd=ROOT,
            env={**os.environ, "REDIS_URL": self.url},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def health(self) -> tuple[int, dict[str, bool]]:
        port = re.findall(r'"health_port": (\d+)', self.log)[-1]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
                return answer.status, json.load(answer)["checks"]
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)["checks"]


def _end(process: subprocess.Popen[str]) -> None:
    end(process)
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture
def site(tmp_path: Path, any_redis: Redis, any_redis_server: Server) -> Iterator[Site]:
    assert any_redis.dbsize() == 0
    with ExitStack() as stack:
        yield Site(tmp_path, any_redis_server.url, stack)


def test_once_queues_what_lies_there_and_the_second_time_nothing(site: Site) -> None:
    for layer in range(1, 6):
        site.write_set(layer)
    (site.root / "notes.txt").write_text("not a picture")

    first = site.start("--once").communicate(timeout=30)[0]
    process = site.start("--once")
    second = process.communicate(timeout=30)[0]

    assert process.returncode == 0
    assert first.strip() == "15 files, 5 layer sets queued, 1 ignored (unmatched)"
    assert second.strip() == "15 files, 0 layer sets queued, 5 known, 1 ignored (unmatched)"
    assert site.layers() == [1, 2, 3, 4, 5]


def test_once_says_which_layers_lack(site: Site) -> None:
    for layer in (1, 2, 6):
        site.write_set(layer)

    printed = site.start("--once").communicate(timeout=30)[0]

    assert printed.strip() == "9 files, 3 layer sets queued, 3 layers missing"
    assert '"irregular_layers"' in site.log


def test_files_are_taken_however_the_printer_writes_them(site: Site, tmp_path: Path) -> None:
    site.write_set(1)
    (tmp_path / "secret.png").write_bytes(picture(666))
    process = site.watching(INGEST_SET_TIMEOUT_SECONDS="2")

    (site.root / "B0009a.PNG").symlink_to(tmp_path / "secret.png")
    site.write("B0002a.PNG", 201)
    site.write("B0002b.PNG", 202)
    with (site.root / "B0002c.PNG").open("wb", buffering=0) as slow:
        for part in np.array_split(np.frombuffer(picture(203), np.uint8), 4):
            slow.write(part.tobytes())
            time.sleep(0.3)
    for number, light in enumerate("abc"):
        site.write(f"B0003{light}.PNG.part", number).rename(site.root / f"B0003{light}.PNG")
    site.write("B0004a.PNG", 401)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for number, light in enumerate("abc"):
        (elsewhere / f"B0005{light}.PNG").write_bytes(picture(500 + number))
    elsewhere.rename(site.root / "job")
    assert wait_until(lambda: site.layers() == [1, 2, 3, 4, 5]), site.log
    site.write("B0004b.PNG", 402)
    site.write("B0004c.PNG", 403)
    assert wait_until(lambda: site.layers() == [1, 2, 3, 4, 4, 5]), site.log
    process.terminate()

    assert process.wait(timeout=10) == 0
    assert "Traceback" not in site.log
    facts = {(message.build, message.layer, message.revision): message.problems for message in site.messages()}
    assert facts == {
        ("incoming", 1, 1): (),
        ("incoming", 2, 1): (),
        ("incoming", 3, 1): (),
        ("incoming", 4, 1): ("missing light b", "missing light c"),
        ("incoming", 4, 2): (),
        ("job", 5, 1): (),
    }
    assert '"link_out"' in site.log


def test_several_printers_are_watched_and_one_whose_folder_is_away_is_waited_for(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "printers.toml"
    file.write_text(
        """
        [[printer]]
        name = "m290"
        folder = "hall/m290"
        profile = "nist-ammt"

        [[printer]]
        name = "old"
        folder = "old"
        profile = "single-light"
        watch = "polling"
        """
    )
    site.write_set(1, "hall/m290")
    process = site.watching("--printers", str(file))

    assert wait_until(lambda: site.layers() == [1]), site.log
    assert wait_until(lambda: "down: the folder is away" in site.status()[1]), site.status()
    assert site.status()[0] == 1
    assert site.health()[1] == {
        "redis": True,
        "source_m290": True,
        "loop_m290": True,
        "source_old": False,
        "loop_old": True,
    }
    site.write("old/x_000005.png", 5)
    site.write_set(2, "hall/m290/job9")
    assert wait_until(lambda: site.layers() == [1, 2, 5]), site.log
    assert site.health()[0] == 200
    assert wait_until(lambda: site.status()[0] == 0), site.status()
    shown = site.status()[1]
    assert "m290" in shown
    assert "up, polling" in shown
    assert "3 inspections wait on the queue" in shown
    process.terminate()

    assert process.wait(timeout=10) == 0
    facts = {(message.printer, message.build, message.layer): message.captures[0].path for message in site.messages()}
    assert facts == {
        ("m290", "m290", 1): "hall/m290/B0001a.PNG",
        ("m290", "job9", 2): "hall/m290/job9/B0002a.PNG",
        ("old", "x", 5): "old/x_000005.png",
    }


def test_ctrl_c_ends_it_cleanly(site: Site) -> None:
    process = site.watching()

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=10) == 0
    assert "Traceback" not in site.log


def test_killed_again_and_again_it_loses_nothing_and_queues_nothing_twice(site: Site) -> None:
    for layer in range(1, 25):
        site.write_set(layer)
        if layer % 8 == 0:
            process = site.watching()
            site.write_set(100 + layer)
            time.sleep(0.1 * (layer / 8))
            process.kill()
            process.wait()
    site.watching()

    expected = [*range(1, 25), 108, 116, 124]
    assert wait_until(lambda: site.layers() == expected), site.log
    time.sleep(1.5)
    assert site.layers() == expected
    assert {message.revision for message in site.messages()} == {1}


def test_polling_finds_the_files_without_events(site: Site) -> None:
    site.watching(INGEST_WATCH="polling")
    site.write_set(1)
    site.write_set(2, folder="job")

    assert wait_until(lambda: site.layers() == [1, 2]), site.log


def test_while_redis_is_away_nothing_is_lost_and_health_says_so(own_redis_server: Server, tmp_path: Path) -> None:
    with ExitStack() as stack:
        site = Site(tmp_path, own_redis_server.url, stack)
        site.watching()
        site.write_set(1)
        assert wait_until(lambda: site.layers() == [1]), site.log

        own_redis_server.stop()
        site.write_set(2)
        site.write_set(3)
        assert wait_until(lambda: '"redis_down"' in site.log), site.log
        status, checks = site.health()
        time.sleep(1.0)
        own_redis_server.start()

        assert wait_until(lambda: site.layers() == [1, 2, 3]), site.log
        assert wait_until(lambda: site.health()[0] == 200)
        assert status == 503
        assert checks == {"redis": False, "source": True, "loop": True}
        assert site.log.count('"redis_down"') == 1


def test_a_wiped_redis_is_rebuilt_from_folder_and_artifacts(
    site: Site, any_redis: Redis, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    site.watching()
    for layer in (1, 2, 3):
        site.write_set(layer)
    assert wait_until(lambda: site.layers() == [1, 2, 3]), site.log
    done = next(message for message in site.messages() if message.layer == 1)
    verdict = verdict_about(done)
    folder = site.artifacts / verdict.key.folder
    folder.mkdir(parents=True)
    (folder / "verdict.json").write_text(verdict.to_json())
    RedisResults(any_redis).publish(verdict)
    Job.fetch(done.id, connection=any_redis, serializer=JSONSerializer).delete()
    time.sleep(1.5)

    any_redis.flushall()

    assert wait_until(lambda: site.layers() == [2, 3]), site.log
    assert wait_until(lambda: RedisResults(any_redis).is_published(done.id))
    time.sleep(1.5)
    assert site.layers() == [2, 3]


def test_a_folder_that_was_away_is_taken_up_again(site: Site) -> None:
    site.watching()
    site.write_set(1)
    assert wait_until(lambda: site.layers() == [1]), site.log
    away = site.root.with_name("away")
    site.root.rename(away)
    assert wait_until(lambda: '"source_down"' in site.log)
    assert not site.health()[1]["source"]

    away.rename(site.root)
    assert wait_until(lambda: '"source_up"' in site.log)
    site.write_set(2)

    assert wait_until(lambda: site.layers() == [1, 2]), site.log
