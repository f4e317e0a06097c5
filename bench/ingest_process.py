"""`python -m ingest run` as a process of its own."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.worker_process import end
from layerwatch.errors import LayerwatchError
from layerwatch.machine import Memory, cpu_seconds_of, memory_of

HEAD_BYTES = 4096
LOOK_SECONDS = 0.02


class IngestStoppedError(LayerwatchError):
    """Ingest ended, or did not do in time what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestProcess:
    """Ingest at work; its log goes to a file."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, holds: Callable[[], bool], *, seconds: float, every: float = LOOK_SECONDS) -> None:
        """Wait until something holds, and look so often.

        Raises:
            IngestStoppedError: it does not in so many seconds, or ingest has ended.
        """
        deadline = time.monotonic() + seconds
        while not holds():
            if self.process.poll() is not None or time.monotonic() > deadline:
                last = self.log.read_text().splitlines()[-1:]
                raise IngestStoppedError(f"ingest ended, or did not get on in {seconds:.0f} s; its log ends {last}")
            time.sleep(every)

    def is_watching(self) -> bool:
        return '"watching"' in self._head()

    def metric(self, name: str) -> str:
        """Return what a metric of this one printer is at the moment.

        Raises:
            IngestStoppedError: there is no such metric.
        """
        port = re.findall(r'"health_port": (\d+)', self._head())[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            values = re.findall(rf"^{name}\{{.*\}} (\S+)$", answer.read().decode(), re.MULTILINE)
        if not values:
            raise IngestStoppedError(f"ingest has no metric {name}")
        return str(values[0])

    def cpu_seconds(self) -> float:
        return cpu_seconds_of(self.process.pid)

    def memory(self) -> Memory:
        return memory_of(self.process.pid)

    def _head(self) -> str:
        with self.log.open("rb") as log:
            return log.read(HEAD_BYTES).decode()


@contextmanager
def running_ingest(
    work: Path, root: Path, url: str, *, profile: str, queue_limit: int = 10_000
) -> Iterator[IngestProcess]:
    """Start ingest on a folder, and end it afterwards; artifacts and log go to the work folder."""
    settings = {
        "REDIS_URL": url,
        "SOURCES_DIR": str(root),
        "ARTIFACTS_DIR": str(work / "artifacts"),
        "INGEST_LEDGER_DIR": str(work / "ledger"),
        "INGEST_PROFILE": profile,
        "INGEST_PRINTER": "bench",
        "INGEST_QUEUE_LIMIT": str(queue_limit),
        "LOG_FORMAT": "json",
    }
    path = work / "ingest.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest", "run"], env={**os.environ, **settings}, stdout=log, stderr=log
        )
    try:
        yield IngestProcess(process=process, log=path)
    finally:
        end(process)
