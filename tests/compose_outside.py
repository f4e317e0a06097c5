"""What is seen of a running stack from outside: the printer's folder, the stream, the page, Prometheus.

It reads files by its own means and what is published by redis-cli and HTTP, as anybody else would; none of layerwatch's
own code decides here whether a layer was lost.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx

from layerwatch.verdict_stream import STREAM
from tests.compose import Stack
from tests.prometheus_server import Prometheus

JOBS: Final = {f"layerwatch-{role}" for role in ("ingest", "worker", "monitoring", "recorder")}
LIGHTS: Final = "abc"
LETTERS: Final = {"recoat": "A", "melt": "B"}
ORDINARY_SECONDS: Final = 4.0  # by then a layer set has its verdict, and the page shows it, when nothing is wrong
Body = dict[str, Any]


def set_of(verdict: Body) -> str:
    """Return what the files of its layer set begin with: A0012 for recoat of layer 12."""
    return f"{LETTERS[verdict['stage']]}{verdict['layer']:04d}"


@dataclass
class Outside:
    """A look at one printer's layers.

    Attributes:
        headers: with which the page lets one in.
        verdicts: the stream so far, oldest first, bodies as they were published.
    """

    stack: Stack
    prometheus: Prometheus
    headers: dict[str, str]
    verdicts: list[Body] = field(default_factory=list)
    _cursor: str = "-"

    def printed(self, *, before: float | None = None) -> dict[str, float]:
        """Return each layer set whose pictures are all there, with the time at which the last was written."""
        written: dict[str, list[float]] = {}
        for file in self.stack.incoming.glob("[AB]*.PNG"):
            written.setdefault(file.stem.rstrip(LIGHTS), []).append(file.stat().st_mtime)
        limit = float("inf") if before is None else before
        return {name: max(times) for name, times in written.items() if len(times) == len(LIGHTS) and max(times) < limit}

    def digests(self, name: str) -> set[str]:
        """Return the SHA-256 of each picture of a layer set."""
        return {sha256(self._file(name, light).read_bytes()).hexdigest() for light in LIGHTS}

    def read_stream(self) -> None:
        """Read on in the stream, behind what was read before.

        Raises:
            AssertionError: Redis cannot be asked now.
        """
        told = self.stack.redis_cli("subscriber", "--json", "XRANGE", STREAM, f"'{self._cursor}'", "+")
        for cursor, fields in json.loads(told):
            self.verdicts.append(json.loads(dict(zip(fields[::2], fields[1::2], strict=True))["verdict"]))
            self._cursor = f"({cursor}"

    def inspections_on_the_page(self) -> set[str]:
        """Return the inspections that the page shows of the build: what it has from the history."""
        builds = self._page("/api/builds").json()["builds"]
        return {
            inspection
            for build in builds
            for inspection in self._page(f"/api/builds/{build['printer']}/{build['build']}/strip").json()["inspections"]
        }

    def why_not_whole(self, *, since: float = 0.0) -> str:
        """Return what is still wrong, nothing if all goes as it does without a fault.

        Args:
            since: one layer set that was printed after this time has to have its verdict.
        """
        try:
            return next(self._wrong(since), "")
        except (AssertionError, httpx.HTTPError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
            return f"{type(error).__name__}: {str(error)[-300:]}"

    def _wrong(self, since: float) -> Iterator[str]:
        labelled = (one for one in self.stack.containers() if "com.docker.compose.service" in one["Config"]["Labels"])
        stopped = [one["Name"] for one in labelled if one["State"]["Status"] != "running"]
        if stopped:
            yield f"{', '.join(stopped)} not running"
        due = self.printed(before=time.time() - ORDINARY_SECONDS)
        self.read_stream()
        answered = {set_of(verdict): verdict["id"] for verdict in self.verdicts}
        if due.keys() - answered.keys():
            yield f"no verdict on {', '.join(sorted(due.keys() - answered.keys()))}"
        if not answered.keys() & {name for name, written in self.printed().items() if written > since}:
            yield "no verdict on anything new"
        unknown = {answered[name] for name in due} - self.inspections_on_the_page()
        if unknown:
            yield f"not in the history: {', '.join(sorted(unknown))}"
        if self._page("/health").status_code != httpx.codes.OK:
            yield "the page is not healthy"
        unreached = JOBS - {found["metric"]["job"] for found in self.prometheus.query("up == 1")}
        if unreached:
            yield f"Prometheus does not reach {', '.join(sorted(unreached))}"

    def copied_artifacts(self, folder: Path) -> Path:
        """Return the folder in which all artifacts lie, copied out of their volume."""
        self.stack.docker("cp", f"{self.stack.name_of('monitoring')}:/artifacts", str(folder))
        return folder / "artifacts"

    def _page(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.stack.port}{path}", headers=self.headers, timeout=10)

    def _file(self, name: str, light: str) -> Path:
        return self.stack.incoming / f"{name}{light}.PNG"
