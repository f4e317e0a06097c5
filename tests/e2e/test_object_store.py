"""The whole system without a share: pictures come from a folder, artifacts go to an S3 server and come back from it."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import cv2
import httpx
import numpy as np
import pytest
from redis import Redis

from layerwatch.artifacts import StoreUrl, open_artifacts
from layerwatch.redis_queue import RedisQueue
from layerwatch.verdict_stream import STREAM
from tests.e2e.test_whole_path import PATIENCE, Plant, Server, all_sets, keys
from tests.integration.monitoring.conftest import wait_until
from tests.processes import end

pytestmark = [pytest.mark.e2e, pytest.mark.redis]


@pytest.fixture
def plant(
    tmp_path: Path, any_redis: Redis, any_redis_server: Server, tiny_bundle: Path, s3_url: str
) -> Iterator[Plant]:
    with ExitStack() as stack:
        plant = Plant(tmp_path, any_redis, any_redis_server.url, tiny_bundle, stack)
        plant.environment["ARTIFACTS_DIR"] = s3_url
        yield plant


def names_in(address: str, url: str) -> set[str]:
    """The keys below a URL."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    listed = ET.fromstring(httpx.get(f"{address}/{bucket}").content)  # noqa: S314 - from our own server
    found = {element.text or "" for element in listed.iter() if element.tag.endswith("Key")}
    return {name.removeprefix(f"{prefix}/") for name in found}


def test_a_verdict_travels_by_the_store_and_outlives_redis(
    plant: Plant, s3_url: str, s3_server: str, any_redis: Redis
) -> None:
    ingest, worker = plant.start("ingest", "run"), plant.start("worker", "run")
    plant.print_layers(2, options=("--period", "0")).wait(timeout=PATIENCE)
    verdicts = plant.wait_for(4)
    assert keys(verdicts) == all_sets(2), plant.log
    folders = {f"m290/job/{verdict['layer']:06d}_{verdict['stage']}" for verdict in verdicts}
    files = ("overlay.jpg", "mask.png", "verdict.json")
    assert names_in(s3_server, s3_url) == {f"{folder}/{name}" for folder in folders for name in files}
    assert not plant.artifacts.exists()

    page = plant.start("monitoring", "serve", MONITORING_PORT="0")
    wait_until(lambda: "layerwatch page: " in plant.log)
    address = plant.log.split("layerwatch page: ")[1].split()[0]
    for verdict in verdicts:
        folder = PurePosixPath(f"m290/job/{verdict['layer']:06d}_{verdict['stage']}")
        shown = httpx.get(f"{address}/artifacts/{folder}/overlay.jpg").content
        assert shown == open_artifacts(StoreUrl.parse(s3_url)).read(folder / "overlay.jpg")
        assert cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR) is not None
        assert httpx.get(f"{address}/artifacts/{folder}/verdict.json").json() == verdict

    for process in (page, ingest, worker):
        end(process)
    any_redis.flushall()
    again = plant.start("ingest", "run", "--once")

    assert again.wait(timeout=PATIENCE) == 0, plant.log
    assert "0 layer sets queued, 4 restored" in plant.log
    assert RedisQueue(any_redis).depth() == 0
    assert any_redis.xlen(STREAM) == 0


def test_a_worker_that_cannot_reach_its_store_says_so_and_stops(plant: Plant) -> None:
    worker = plant.start("worker", "run", ARTIFACTS_DIR="s3://no-such-bucket/x")

    assert worker.wait(timeout=PATIENCE) == 2
    assert "error: cannot reach s3://no-such-bucket/x: " in plant.log
    assert "Traceback" not in plant.log
