"""Monitoring as processes: `follow` writing to a file, and the page on a port of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.unit.monitoring.conftest import some_verdict

__all__ = ["some_verdict"]

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 15.0


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s"
        time.sleep(0.03)


class Process:
    """One `python -m monitoring ...`; stdout and stderr go to files, so that nothing blocks."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.out = folder / "out"
        self.err = folder / "err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "monitoring", *arguments],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def lines(self) -> list[bytes]:
        return self.out.read_bytes().splitlines()

    def said(self) -> str:
        return self.err.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(timeout=10)

    def address(self) -> str:
        """The address that `serve` printed, once it answers there."""
        wait_until(lambda: self.lines() or self.popen.poll() is not None)
        assert self.popen.poll() is None, self.said()
        address = self.lines()[0].decode().removeprefix("layerwatch page: ")
        wait_until(lambda: _answers(address))
        return address


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=5).status_code in {200, 503}
    except httpx.TransportError:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """A starter: `start("follow", "--json", url=...)`; what still runs at the end is killed."""
    running: list[Process] = []

    def run(*arguments: str, url: str, **environment: str) -> Process:
        folder = tmp_path / f"process-{len(running)}"
        around = {
            "REDIS_URL": url,
            "ARTIFACTS_DIR": str(tmp_path / "artifacts"),
            "CORRECTIONS_DIR": str(tmp_path / "corrections"),
            "MONITORING_AUDIT_FILE": str(tmp_path / "audit.jsonl"),
            "MONITORING_USERS_FILE": str(tmp_path / "users.toml"),
            **environment,
        }
        running.append(Process(folder, arguments, around))
        return running[-1]

    yield run
    for process in running:
        if process.popen.poll() is None:
            process.popen.kill()
            process.popen.wait()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until something holds, and fails where it does not."""
    return wait_until


@pytest.fixture
def within_a_minute() -> None:
    """Wait until 15 s of the clock's minute are left: rates are counted by it, and what was counted before it ended
    weighs less and less.
    """
    into = time.time() % 60
    if into > 45:
        time.sleep(60 - into)
