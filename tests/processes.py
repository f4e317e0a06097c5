"""Processes that tests started."""

import subprocess
from typing import Any


def end(process: subprocess.Popen[Any]) -> None:
    """Ask a process to end, and make it end if it does not."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
