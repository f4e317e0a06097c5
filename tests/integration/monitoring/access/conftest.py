"""Pages with access control, as processes; no Redis is needed to be let in or not."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.integration.monitoring.conftest import ROOT, Process, eventually

__all__ = ["eventually"]

NO_REDIS = "redis://127.0.0.1:1/0"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A running page, the folder that it keeps its files in, and what it runs with."""

    address: str
    folder: Path
    environment: dict[str, str]
    process: Process

    def token(self, *arguments: str) -> str:
        """Make a token by the command, and return it."""
        command = [sys.executable, "-m", "monitoring", "token", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **self.environment}, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def client(self, token: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.address, headers=headers, timeout=20)

    def written(self) -> str:
        """Everything that the page wrote, wherever."""
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        return "\n".join(file.read_text(errors="replace") for file in files)


@pytest.fixture(scope="module")
def open_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Place]]:
    """A starter of pages that may listen anywhere: `open_page(MONITORING_ACCESS="token")`."""
    places: list[Place] = []

    def run(**values: str) -> Place:
        folder = tmp_path_factory.mktemp("access")
        environment = {
            "REDIS_URL": NO_REDIS,
            "ARTIFACTS_DIR": str(folder / "artifacts"),
            "MONITORING_USERS_FILE": str(folder / "users.toml"),
            "MONITORING_AUDIT_FILE": str(folder / "audit.jsonl"),
            **values,
        }
        process = Process(folder / "process", ("serve", "--port", "0"), environment)
        places.append(Place(address=process.address(), folder=folder, environment=environment, process=process))
        return places[-1]

    yield run
    for place in places:
        if place.process.popen.poll() is None:
            place.process.stop()
