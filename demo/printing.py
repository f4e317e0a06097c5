"""The demo's printer: waits until everything is ready, lets pictures be written, and counts the answers."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from demo.plan import PRINTER
from demo.tally import Tally, tally, written_sets
from layerwatch.errors import LayerwatchError
from layerwatch.ports import ResultChannel
from layerwatch.profile import Profile
from layerwatch.verdict import Verdict

READY_SECONDS = 120.0
PATIENCE_SECONDS = 120.0  # without a single new verdict, what is missing counts as lost


def wait_until_ready(urls: Sequence[str], *, seconds: float = READY_SECONDS) -> None:
    """Return when every /health says ok.

    Raises:
        LayerwatchError: one does not, in time.
    """
    deadline = time.monotonic() + seconds
    for url in urls:
        while not _is_healthy(url):
            if time.monotonic() > deadline:
                raise LayerwatchError(f"{url} was not ready after {seconds:.0f} s; see the logs of the demo")
            time.sleep(0.1)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def write_pictures(command: Sequence[str]) -> None:
    """Run the simulated or replayed printer to its end."""
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise LayerwatchError(f"the printer ended with status {done.returncode}; its message stands above")


class Score:
    """Collects the verdicts of one build as they come and compares them with the folder."""

    def __init__(self, results: ResultChannel, incoming: Path, profile: Profile, *, build: str) -> None:
        self._results = results
        self._incoming = incoming
        self._profile = profile
        self._build = build
        self._cursor = "0"
        self._verdicts: list[Verdict] = []

    def now(self, *, wait_seconds: float = 0.01) -> Tally:
        for cursor, verdict in self._results.since(self._cursor, wait_seconds=wait_seconds):
            self._cursor = cursor
            if verdict.printer == PRINTER and self._is_ours(verdict):
                self._verdicts.append(verdict)
        expected = written_sets(self._incoming, self._profile, printer=PRINTER, build=self._build)
        return tally(expected, self._verdicts)

    def final(self) -> Tally:
        """Wait for the answers that are still to come; gives up when none came for a while."""
        latest = self.now()
        last_news = time.monotonic()
        while latest.lost and time.monotonic() - last_news < PATIENCE_SECONDS:
            before = latest.verdicts
            latest = self.now(wait_seconds=0.5)
            if latest.verdicts != before:
                last_news = time.monotonic()
        return latest

    def _is_ours(self, verdict: Verdict) -> bool:
        """Whether its pictures lie in this run's folder: a Redis of the user's own may hold other runs."""
        return all((self._incoming / image.path).is_file() for image in verdict.images)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
