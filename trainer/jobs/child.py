"""The training of one job as a process of its own, alone in its work folder."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

LOCK: Final = "lock"
LOG: Final = "train.log"
_TAIL_BYTES: Final = 16 * 1024


class Busy(Exception):  # noqa: N818 - a state, not a mistake
    """Another process trains in the folder: that of a worker which was killed saves its state."""


class Child:
    """A running training. It holds the lock of its folder as long as it lives, whatever becomes of its parent."""

    def __init__(self, folder: Path, command_line: Sequence[str]) -> None:
        """Start it.

        Raises:
            Busy: another process holds the lock.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / LOG
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "trainer.jobs.leash", *command_line],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},  # the log tells now, not at the end
                    pass_fds=(lock,),  # a lock belongs to all who hold the open file
                    start_new_session=True,  # Ctrl-C in the terminal is for the worker, which passes it on
                )
        except BlockingIOError as error:
            raise Busy(folder) from error
        finally:
            os.close(lock)

    def wait(self, seconds: float) -> int | None:
        """Return the exit status, negative for a signal; None if it still runs after so many seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """Ask it to save its state and end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once, and wait for that."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Let go of the leash; what still runs then stops."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def last_words(self) -> str:
        """Return the last line of the log that tells of an error, or its last line."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        return (errors or lines or [""])[-1][:500]
