"""`python -m monitoring serve` as a process of its own."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.worker_process import end
from layerwatch.errors import LayerwatchError

READY_SECONDS = 60.0
LOOK_SECONDS = 0.05


class PageStoppedError(LayerwatchError):
    """The page ended, or did not get ready in time."""


@contextmanager
def running_page(work: Path, **settings: str) -> Iterator[str]:
    """Start the page on a free port, hand over its address, and end it afterwards."""
    work.mkdir(parents=True, exist_ok=True)
    out = work / "page.out"
    with out.open("wb") as file, (work / "page.log").open("wb") as log:
        command = [sys.executable, "-m", "monitoring", "serve", "--port", "0"]
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=file, stderr=log)
    try:
        yield _address(process, out)
    finally:
        end(process)


def _address(process: subprocess.Popen[bytes], out: Path) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        _, _, address = out.read_text(encoding="utf-8").strip().partition(": ")
        if address and _is_ready(address):
            return address
        time.sleep(LOOK_SECONDS)
    raise PageStoppedError(f"the page does not get ready; its log is {out.with_name('page.log')}")


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
