"""Docker Compose v2 for tests, and a stack of our own: cloned, built, started and taken away again."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import free_port

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final = "layerwatch-test"
BUILT: Final = ("ingest", "worker", "monitoring", "recorder", "simulator")  # trainer and GPU are gigabytes


def compose_command() -> list[str]:
    """Return how Compose v2 is called here; skip where it is not, and Compose v1, which ended in 2023, is no help."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        told = subprocess.run([*command, "version"], capture_output=True, text=True, check=False).stdout
        if re.search(r"version v?([2-9]|\d\d)\.", told):
            return command
    return pytest.skip("there is no Docker Compose v2")


def engine_is_there() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60).returncode == 0


class Stack:
    """The compose file of a clean clone, on ports and with images of its own."""

    def __init__(self, folder: Path, *, project: str = PROJECT) -> None:
        self.project = project
        self.clone = folder / "clone"
        self._call("git", "clone", "--quiet", str(ROOT), str(self.clone), cwd=folder)
        self._call(sys.executable, "-m", "deploy.set_up", "--tls", "redis", "localhost", cwd=self.clone)
        self.incoming = self.clone / "data" / "incoming"
        self.port, self.redis_port = free_port(), free_port()
        self._files: tuple[str, ...] = ("docker-compose.yml",)
        self._environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": project,
            "LAYERWATCH_IMAGES": PROJECT,
            "LAYERWATCH_PORT": str(self.port),
            "LAYERWATCH_REVISION": self._call("git", "rev-parse", "HEAD", cwd=self.clone).strip(),
            "PROMETHEUS_IMAGE": os.environ.get("PROMETHEUS_IMAGE", "prom/prometheus:latest"),
            "PROMETHEUS_PORT": str(free_port()),
            "REDIS_PORT": str(self.redis_port),
        }

    def build(self) -> None:
        """Build the images; they take their packages over the network of the host."""
        services = {name: {"build": {"network": "host"}} for name in BUILT}
        (self.clone / "network.yml").write_text(yaml.safe_dump({"services": services}), encoding="utf-8")
        self.compose("-f", "docker-compose.yml", "-f", "network.yml", "build", "--quiet", *BUILT, files=())

    def use(self, *files: str) -> None:
        """Compose from these files from now on."""
        self._files = files

    def compose(self, *words: str, files: Sequence[str] | None = None) -> str:
        named = [word for file in (self._files if files is None else files) for word in ("-f", file)]
        return self._call(*compose_command(), *named, *words, cwd=self.clone)

    @contextmanager
    def hearing(self, channel: str) -> Iterator[Iterator[str]]:
        """Yield the lines that a redis-cli, which listens by then, prints of a channel."""
        # Not by `compose exec`: that prints no more once its input, which nobody writes to, has ended.
        command = ["docker", "exec", self.name_of("redis"), "sh", "-c", redis_cli("subscriber", "SUBSCRIBE", channel)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as listening:
            lines = iter(listening.stdout or ())
            assert "1\n" in lines  # reads as far as that, the number of its subscriptions
            yield lines
            listening.terminate()

    def name_of(self, service: str) -> str:
        """Return the name of a service's first container."""
        return f"{self.project}-{service}-1"

    def docker(self, *words: str) -> str:
        return self._call("docker", *words, cwd=self.clone)

    def containers(self) -> list[dict[str, Any]]:
        """Return what the engine knows of each container of the stack."""
        names = self.docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={self.project}").split()
        found: list[dict[str, Any]] = json.loads(self.docker("inspect", *names)) if names else []
        return found

    def python(self, service: str, code: str) -> str:
        """Run Python inside a role, as it is, and return what it printed."""
        return self.compose("exec", "-T", service, "python", "-c", code).strip()

    def redis_cli(self, user: str, *words: str) -> str:
        return self.compose("exec", "-T", "redis", "sh", "-c", redis_cli(user, *words))

    def left(self) -> list[str]:
        """Return the containers, volumes and networks that there are of the stack."""
        label = ("--filter", f"label=com.docker.compose.project={self.project}", "-q")
        kinds = (("ps", "-a"), ("volume", "ls"), ("network", "ls"))
        return [name for kind in kinds for name in self.docker(*kind, *label).split()]

    def down(self) -> None:
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "20")

    def _call(self, *words: str, cwd: Path) -> str:
        environment = getattr(self, "_environment", None)
        done = subprocess.run(
            words, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=1800
        )
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-4000:]}\n{done.stderr[-8000:]}"
        return done.stdout


def redis_cli(user: str, *words: str) -> str:
    return f'REDISCLI_AUTH="$(cat /run/secrets/redis_{user})" redis-cli --user {user} {" ".join(words)}'
