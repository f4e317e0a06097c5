"""`python -m worker run` as a process of its own, on the cores that it may use."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from layerwatch.errors import LayerwatchError
from layerwatch.machine import Memory, memory_of

READY_SECONDS = 60.0
LOOK_SECONDS = 0.005
END_SECONDS = 20.0


class WorkerStoppedError(LayerwatchError):
    """A worker ended, or did not do in time what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """A worker that has said that it is ready.

    Attributes:
        ready_seconds: from the start of the process.
    """

    process: subprocess.Popen[bytes]
    ready_seconds: float

    def memory(self) -> Memory:
        return memory_of(self.process.pid)

    def has_mapped(self, library: str) -> bool:
        """Return whether a file with such a name in its path is in the memory of the process."""
        return library in Path(f"/proc/{self.process.pid}/maps").read_text(encoding="utf-8")


@contextmanager
def running_worker(
    work: Path, sources: Path, url: str, *, name: str = "bench", cores: Sequence[int] = ()
) -> Iterator[WorkerProcess]:
    """Start a worker, wait until it is ready, and end it afterwards.

    Args:
        work: gets artifacts and a log.
        sources: holds the pictures.
        url: of Redis.
        name: tells workers apart.
        cores: that it is held to; none: all that this process may use.
    """
    settings = {
        "REDIS_URL": url,
        "SOURCES_DIR": str(sources),
        "ARTIFACTS_DIR": str(work / "artifacts"),
        "WORKER_NAME": name,
        "LOG_FORMAT": "json",
    }
    log = work / f"{name}.log"
    began = time.monotonic()
    with ExitStack() as ending:
        with log.open("wb") as file:
            command = [sys.executable, "-m", "worker", "run"]
            process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=file, stderr=file)
        ending.callback(end, process)
        if cores:
            os.sched_setaffinity(process.pid, cores)
        while "worker_ready" not in _events(log):
            if process.poll() is not None or time.monotonic() - began > READY_SECONDS:
                raise WorkerStoppedError(f"the worker does not get ready; its log: {log.read_text()[-500:]}")
            time.sleep(LOOK_SECONDS)
        yield WorkerProcess(process=process, ready_seconds=time.monotonic() - began)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make it end if it does not."""
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _events(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line).get("event", "") for line in lines if line.startswith("{") and line.endswith("\n")]
