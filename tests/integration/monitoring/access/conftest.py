"""Pages with access control, as processes; no Redis is needed to be let in or not."""

from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import httpx
import pytest

from monitoring.__main__ import main
from tests.integration.monitoring.conftest import Process

NO_REDIS = "redis://127.0.0.1:1/0"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A running page, the folder that it keeps its files in, and what it runs with."""

    address: str
    folder: Path
    environment: dict[str, str]
    process: Process

    def token(self, *arguments: str) -> str:
        """Run the command, and return what it prints; `token("anna")` is a token."""
        status, printed = self.command(*arguments)
        assert status == 0
        return printed.strip()

    def command(self, *arguments: str) -> tuple[int, str]:
        """Return the exit status of the command and what it prints."""
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(StringIO()) as printed:
            for name, value in self.environment.items():
                patched.setenv(name, value)
            return main(["token", *arguments]), printed.getvalue()

    def client(self, token: str = "", *, speaking_from: str = "127.0.0.1") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.HTTPTransport(local_address=speaking_from)
        return httpx.Client(base_url=self.address, headers=headers, timeout=20, transport=transport)

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
        address = process.address().replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - where it listens, and where it is
        places.append(Place(address=address, folder=folder, environment=environment, process=process))
        return places[-1]

    yield run
    for place in places:
        if place.process.popen.poll() is None:
            place.process.stop()
