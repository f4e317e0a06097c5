"""Pictures by value, from ingest to a worker that sees no folder, as processes on a real Redis."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, cast

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE
from layerwatch.layers import LayerSet
from layerwatch.redis_pictures import PICTURE, RedisPictures
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Decision, Verdict

pytestmark = pytest.mark.redis
ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
WritePictures = Callable[..., LayerSet]


class Server(Protocol):
    """What `any_redis_server` of conftest.py gives."""

    url: str


class Site:
    """A printers' folder that ingest sees, an empty one that the worker has in its place, and Redis between them."""

    def __init__(self, folder: Path, redis: Redis, url: str, bundle: Path, stack: ExitStack) -> None:
        self.folder, self.redis = folder, redis
        self.sources, self.elsewhere = folder / "incoming", folder / "elsewhere"
        self.sources.mkdir()
        self.elsewhere.mkdir()
        self.pictures = RedisPictures(redis)
        self._stack = stack
        self._environment = {
            **os.environ,
            "REDIS_URL": url,
            "LOG_FORMAT": "json",
            "INGEST_PROFILE": "nist-ammt",
            "INGEST_PRINTER": "m290",
            "INGEST_SEND": "bytes",
            "INGEST_SETTLE_SECONDS": "0.2",
            "INGEST_SET_TIMEOUT_SECONDS": "0.2",
            "INGEST_GRACE_SECONDS": "0.2",
            "INGEST_RESCAN_SECONDS": "0.5",
            "WORKER_MODEL": str(bundle),
            "WORKER_THREADS": "1",
            "WORKER_RETRY_PAUSE_SECONDS": "0",
        }

    def start(self, *words: str, artifacts: str = "artifacts", **settings: str) -> subprocess.Popen[bytes]:
        seen = self.sources if words[0] == "ingest" else self.elsewhere
        places = {"SOURCES_DIR": str(seen), "ARTIFACTS_DIR": str(self.folder / artifacts)}
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env=self._environment | places | settings,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def ingest_once(self, **settings: str) -> None:
        assert self.start("ingest", "run", "--once", **settings).wait(PATIENCE) == 0, self.log

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def waiting(self) -> int:
        return len(Queue(INSPECT_QUEUE, connection=self.redis, serializer=JSONSerializer))

    def stored(self) -> list[bytes]:
        return cast("list[bytes]", self.redis.keys(f"{PICTURE}*"))

    def verdicts(self, count: int) -> list[Verdict]:
        """Return the verdicts in the order of their layers, as soon as there are so many and all jobs are done."""
        self.until(lambda: len(self._published()) >= count and not self.waiting())
        return sorted(self._published(), key=lambda verdict: (verdict.layer, verdict.revision))

    def _published(self) -> list[Verdict]:
        return [verdict for _, verdict in RedisResults(self.redis).since("0", wait_seconds=0.001)]

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path, any_redis: Redis, any_redis_server: Server, tiny_bundle: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path, any_redis, any_redis_server.url, tiny_bundle, stack)


def facts(verdict: Verdict) -> dict[str, object]:
    """What a verdict says of the pictures, without who said it when."""
    return verdict.model_dump(exclude={"timing", "worker", "attempt"})


def test_verdicts_and_artifacts_are_those_of_a_worker_that_sees_the_folder(
    site: Site, write_pictures: WritePictures
) -> None:
    write_pictures(site.sources, layer=1, defect_px=900)
    write_pictures(site.sources, layer=2)
    write_pictures(site.sources, layer=3, lights="ab")
    (site.sources / "job42" / "B0002c.PNG").write_bytes(b"\x89PNG\r\n\x1a\n half of it")
    site.ingest_once(INGEST_SEND="path", artifacts="by-path")
    by_path_worker = site.start("worker", "run", SOURCES_DIR=str(site.sources), artifacts="by-path")
    by_path = site.verdicts(3)
    by_path_worker.terminate()
    by_path_worker.wait()
    site.redis.flushall()

    site.ingest_once(artifacts="by-value")
    assert len(site.stored()) == 8
    site.start("worker", "run", artifacts="by-value")
    by_value = site.verdicts(3)

    assert [verdict.decision for verdict in by_value] == [Decision.REJECT, Decision.INVALID, Decision.INVALID]
    assert [facts(verdict) for verdict in by_value] == [facts(verdict) for verdict in by_path]
    files = sorted(path.relative_to(site.folder / "by-path") for path in (site.folder / "by-path").rglob("*.*"))
    assert len(files) == 9
    for file in files:
        if file.name != "verdict.json":
            assert (site.folder / "by-value" / file).read_bytes() == (site.folder / "by-path" / file).read_bytes()
    site.until(lambda: not site.stored() and site.pictures.held_bytes() == 0)


def test_with_no_room_for_pictures_layers_wait_and_none_is_lost(site: Site, write_pictures: WritePictures) -> None:
    for layer in range(1, 9):
        write_pictures(site.sources, layer=layer, size=(320, 400))
    site.start("ingest", "run", INGEST_SEND_LIMIT_MB="1")
    site.until(lambda: '"what": "pictures"' in site.log)
    assert 0 < site.waiting() < 8
    assert site.pictures.held_bytes() <= 1 << 20
    assert sum(len(site.redis.get(key) or b"") for key in site.stored()) == site.pictures.held_bytes()

    site.start("worker", "run")
    verdicts = site.verdicts(8)

    assert [verdict.layer for verdict in verdicts] == list(range(1, 9))
    assert {verdict.decision for verdict in verdicts} == {Decision.PASS}
    site.until(lambda: site.pictures.held_bytes() == 0)


def test_a_wiped_redis_gets_jobs_and_pictures_again(site: Site, write_pictures: WritePictures) -> None:
    for layer in (1, 2):
        write_pictures(site.sources, layer=layer)
    site.start("ingest", "run")
    site.until(lambda: site.waiting() == 2)
    site.redis.flushall()
    site.until(lambda: site.waiting() == 2)
    assert len(site.stored()) == 6
    site.redis.delete(*site.stored())
    site.until(lambda: len(site.stored()) == 6)  # the pictures alone, without their jobs

    site.start("worker", "run")

    assert [verdict.decision for verdict in site.verdicts(2)] == [Decision.PASS, Decision.PASS]


def test_a_picture_that_is_nowhere_is_said_to_be_and_sent_again_when_a_person_asks(
    site: Site, write_pictures: WritePictures
) -> None:
    write_pictures(site.sources, layer=1)
    site.ingest_once()
    site.redis.delete(*site.stored())
    site.start("worker", "run")
    (first,) = site.verdicts(1)
    assert first.decision is Decision.INVALID
    assert "neither in Redis nor below SOURCES_DIR" in first.reasons[0]
    assert "quarantine retry" in first.reasons[0]
    site.until(lambda: site.pictures.held_bytes() == 0)

    assert site.start("ingest", "quarantine", "retry", "--all").wait(PATIENCE) == 0, site.log
    _, second = site.verdicts(2)

    assert (second.decision, second.revision) == (Decision.PASS, 2)
    written = json.loads((site.folder / "artifacts/m290/job42/000001_melt/verdict.json").read_text())
    assert written["revision"] == 2
