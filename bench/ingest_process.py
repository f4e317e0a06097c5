"""`python -m ingest run` as a process of its own, and what the kernel says of it (Linux: /proc)."""

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

from bench.frames import PROFILE
from layerwatch.errors import LayerwatchError

HEAD_BYTES = 4096
LOOK_SECONDS = 0.02
END_SECONDS = 20.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class IngestStoppedError(LayerwatchError):
    """Ingest ended, or did not do in time what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident bytes of a process, now and at their highest."""

    now: int
    peak: int


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
        return cpu_seconds_in(Path(f"/proc/{self.process.pid}/stat").read_text())

    def memory(self) -> Memory:
        return memory_in(Path(f"/proc/{self.process.pid}/status").read_text())

    def _head(self) -> str:
        with self.log.open("rb") as log:
            return log.read(HEAD_BYTES).decode()


@contextmanager
def running_ingest(work: Path, root: Path, url: str, *, queue_limit: int) -> Iterator[IngestProcess]:
    """Start ingest on a folder, and end it afterwards; artifacts and log go to the work folder."""
    settings = {
        "REDIS_URL": url,
        "SOURCES_DIR": str(root),
        "ARTIFACTS_DIR": str(work / "artifacts"),
        "INGEST_LEDGER_DIR": str(work / "ledger"),
        "INGEST_PROFILE": PROFILE,
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
        _end(process)


def has_proc() -> bool:
    return Path("/proc/self/stat").is_file()


def cpu_seconds_in(stat: str) -> float:
    """Return user and system seconds of all threads from /proc/PID/stat, fields 14 and 15 of proc_pid_stat(5)."""
    after_name = stat.rpartition(")")[2].split()  # the name of a program may hold anything
    return (int(after_name[11]) + int(after_name[12])) / TICKS_PER_SECOND


def memory_in(status: str) -> Memory:
    """Return VmRSS and VmHWM from /proc/PID/status."""
    kib = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Vm")}
    return Memory(now=1024 * int(kib["VmRSS"]), peak=1024 * int(kib["VmHWM"]))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
