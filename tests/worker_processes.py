"""What the tests of worker processes share: settings that notice a death soon, a decoder that crashes, what is left."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, cast

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE, InspectLayer
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import LEDGER, REVISIONS, RedisResults
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import BODY, STREAM

ROOT = Path(__file__).parents[1]
Log = list[dict[str, object]]
POISON = b"a decoder crashes on this"
CRASHING_DECODER = f"""
import ctypes, cv2
decode = cv2.imdecode
def crash(buffer, flags):
    return ctypes.string_at(0) if buffer.tobytes().endswith({POISON!r}) else decode(buffer, flags)
cv2.imdecode = crash
"""
WAITING = """
import os, time, cv2
at_once = cv2.{function}
def wait(*arguments):
    while os.path.exists({file!r}):
        time.sleep(0.02)
    return at_once(*arguments)
cv2.{function} = wait
"""


class Server(Protocol):
    """What `any_redis_server` of conftest.py gives."""

    url: str


def worker_environment(redis_url: str, folder: Path, model: Path | str) -> dict[str, str]:
    """Return the environment of workers that notice a death after a second."""
    return {
        **os.environ,
        "REDIS_URL": redis_url,
        "SOURCES_DIR": str(folder / "incoming"),
        "ARTIFACTS_DIR": str(folder / "artifacts"),
        "WORKER_MODEL": str(model),
        "WORKER_THREADS": "1",
        "WORKER_HEARTBEAT_SECONDS": "0.2",
        "WORKER_DEAD_AFTER_SECONDS": "3",  # on a busy machine a second of silence is no death
        "WORKER_SWEEP_SECONDS": "0.5",
        "WORKER_RETRY_PAUSE_SECONDS": "0",
        "LOG_FORMAT": "json",
        "PYTHONPATH": str(ROOT),
    }


def with_crashing_decoder(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """Return the environment in which unpacking a picture that ends with POISON crashes the process."""
    (folder / "sitecustomize.py").write_text(CRASHING_DECODER, encoding="utf-8")
    return {**environment, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def with_waiting(environment: dict[str, str], folder: Path, *, function: str, while_exists: Path) -> dict[str, str]:
    """Return the environment in which a function of OpenCV does nothing as long as a file exists."""
    while_exists.touch()
    code = WAITING.format(function=function, file=str(while_exists))
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return {**environment, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def children(pid: int) -> list[int]:
    """Return the processes that a process started and that run."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in listed if lives(int(child))]


def poisoned(message: InspectLayer, sources: Path, client: Redis) -> InspectLayer:
    """Put POISON behind the first picture of a queued message, and queue one about that in its place."""
    first = sources / message.captures[0].path
    first.write_bytes(first.read_bytes() + POISON)
    queue = RedisQueue(client)
    raw = Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)
    job = raw.fetch_job(message.id)
    assert job is not None
    job.delete()
    captures = tuple(
        capture.model_copy(update={"sha256": hashlib.sha256((sources / capture.path).read_bytes()).hexdigest()})
        for capture in message.captures
    )
    anew = message.model_copy(update={"captures": captures})
    anew = anew.model_copy(update={"id": anew.layer_set.inspection_id})
    queue.enqueue(anew)
    return anew


def bodies(client: Redis) -> list[bytes]:
    """Return what stands on the stream, byte for byte."""
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", client.xrange(STREAM))
    return [fields[BODY.encode()] for _, fields in entries]


def published(client: Redis) -> list[Verdict]:
    return [verdict for _, verdict in RedisResults(client).since("0", wait_seconds=0.001)]


def end_of_heartbeats(client: Redis) -> None:
    """Let the heartbeats of all started jobs end now."""
    script = "for _, job in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], 1, job) end"
    client.eval(script, 1, "rq:wip:inspect")


def until(holds: Callable[[], bool], *, seconds: float, why_not: Callable[[], object] = lambda: "") -> float:
    """Return after how many seconds it held."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"it does not hold after {seconds} s: {why_not()}"
        time.sleep(0.05)
    return time.monotonic() - began


def nothing_of_rq_is_left(client: Redis) -> bool:
    """Whether no job is anywhere; what ends by itself does not count."""
    ours = {STREAM, LEDGER, REVISIONS, "rq:queues", "rq:workers", "rq:workers:inspect"}
    kept = {key.decode() for key in client.scan_iter(count=1000) if client.ttl(key) == -1}
    return kept <= ours


class PoolProcess:
    """A pool that runs, and what it and its workers wrote into their common log."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *, workers: int = 2) -> None:
        self._log_file = folder / "pool.log"
        with self._log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker", "pool", "--workers", str(workers)],
                env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def log(self, event: str = "") -> Log:
        """Return the whole lines of the log, of one event if it is named."""
        lines = self._log_file.read_text(encoding="utf-8").splitlines(keepends=True)
        entries = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}\n")]
        return [entry for entry in entries if not event or entry["event"] == event]

    def text(self) -> str:
        return self._log_file.read_text(encoding="utf-8")

    def pids(self) -> list[int]:
        """Return the process of each worker that was ever started."""
        return [int(str(entry["pid"])) for entry in self.log("worker_started")]

    def wait_until_ready(self, workers: int = 2) -> None:
        until(lambda: len(self.log("worker_ready")) >= workers, seconds=30)


def lives(pid: int) -> bool:
    """Whether a process runs; one whose parent is gone may stay as a zombie where nobody reaps."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
