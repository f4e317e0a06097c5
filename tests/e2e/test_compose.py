"""The images and the compose file in a real container engine, from a clean clone of what is committed.

`make test-compose` runs it; it takes minutes when nothing is built yet.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from layerwatch.layers import LayerSet
from layerwatch.redis_connection import connect
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import STREAM
from tests.compose import PROJECT, Stack, compose_command, engine_is_there
from tests.worker_processes import until

pytestmark = [pytest.mark.e2e, pytest.mark.compose, pytest.mark.timeout(2400)]
ROLES = {"ingest": "ingest", "worker": "worker", "monitoring": "page", "recorder": "recorder"}
FORBIDDEN = {
    "ingest": ("FLUSHALL", "CONFIG GET dir", "XADD layerwatch:verdicts * verdict {}", "PUBLISH layerwatch:verdicts {}"),
    "worker": ("FLUSHALL", "CONFIG GET dir", "RPUSH rq:queue:train x", "XADD layerwatch:events * event {}"),
    "monitoring": ("FLUSHALL", "CONFIG GET dir", "XADD layerwatch:verdicts * verdict {}", "DEL layerwatch:ledger"),
    "recorder": ("FLUSHALL", "CONFIG GET dir", "RPUSH rq:queue:inspect x", "GET layerwatch:picture:x"),
}
TRY = """
import os, redis
from layerwatch.redis_connection import connect
from layerwatch.settings import SharedSettings
client = connect(SharedSettings().redis_url, retries=0)
for command in {commands!r}:
    try:
        client.execute_command(*command.split())
        print("allowed", command)
    except redis.exceptions.NoPermissionError:
        print("refused", command)
"""
STRANGER = """
import redis
try:
    print(redis.Redis("redis").ping())
except redis.exceptions.RedisError as error:
    print(type(error).__name__)
"""
REACH = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 6379), timeout=3).sendall(b"PING\\r\\n")
    print("reached")
except OSError as error:
    print("not reached:", error)
"""
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def tell(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Puts a line among those of pytest, also where it captures output."""
    reporter: Any = pytestconfig.pluginmanager.getplugin("terminalreporter")
    captured: Any = pytestconfig.pluginmanager.getplugin("capturemanager")

    def write(text: str) -> None:
        with captured.global_and_fixture_disabled():
            reporter.write_line(f"\n{text}")

    return write


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]) -> Iterator[Stack]:
    if not engine_is_there():
        pytest.skip("no container engine answers to `docker info`")
    compose_command()
    one = Stack(tmp_path_factory.mktemp("compose"))
    one.down()
    one.build()
    began = time.monotonic()
    one.compose("up", "--detach", "--wait", "--wait-timeout", "180", "--no-build")
    tell(f"healthy {time.monotonic() - began:.0f} s after `docker compose up`")
    yield one
    one.down()


@pytest.fixture
def print_layer(stack: Stack, write_pictures: Callable[..., LayerSet], tmp_path: Path) -> Callable[[int], None]:
    """Copies the three pictures of a layer into the printer's folder."""

    def put(layer: int) -> None:
        written = write_pictures(tmp_path, layer=layer, defect_px=900)
        for capture in written.captures:
            shutil.copy(tmp_path / capture.path, stack.incoming / Path(capture.path).name)

    return put


def test_all_services_are_healthy(stack: Stack) -> None:
    states = {one["Config"]["Labels"]["com.docker.compose.service"]: one["State"] for one in stack.containers()}

    assert set(states) == {"redis", *ROLES}
    assert {state["Health"]["Status"] for state in states.values()} == {"healthy"}


def test_pictures_in_the_folder_give_a_verdict_on_the_channel(stack: Stack, print_layer: Callable[[int], None]) -> None:
    with stack.hearing(STREAM) as lines:
        print_layer(7)
        verdict = Verdict.from_json(next(line for line in lines if line.startswith("{")))

    assert (verdict.printer, verdict.layer) == ("printer", 7)
    assert verdict.model is not None, verdict.reasons
    listed = stack.compose("exec", "-T", "monitoring", "ls", f"/artifacts/{verdict.key.folder}")
    assert {"verdict.json", "overlay.jpg", "mask.png"} <= set(listed.split())


def test_page_and_metrics_are_reached_and_the_page_asks_for_a_token(
    stack: Stack, print_layer: Callable[[int], None]
) -> None:
    print_layer(8)
    address = f"http://127.0.0.1:{stack.port}"
    login = {"Authorization": f"Bearer {_token(stack, 'erin')}"}

    assert httpx.get(f"{address}/health").status_code == 200
    assert "layerwatch_redis_up 1.0" in httpx.get(f"{address}/metrics").text
    assert httpx.get(f"{address}/api/verdicts").status_code == 401
    until(lambda: '"layer":8' in httpx.get(f"{address}/api/verdicts", headers=login).text, seconds=30)
    assert "layerwatch" in httpx.get(address, headers=login).text


@pytest.mark.parametrize("service", ROLES)
def test_a_role_is_refused_what_it_does_not_need(stack: Stack, service: str) -> None:
    told = stack.python(service, TRY.format(commands=FORBIDDEN[service]))

    assert told.splitlines() == [f"refused {command}" for command in FORBIDDEN[service]]


def test_nothing_was_refused_that_a_role_needs(stack: Stack) -> None:
    tried = {command.split()[0].lower() for commands in FORBIDDEN.values() for command in commands}
    entries = json.loads(stack.redis_cli("admin", "--json", "ACL", "LOG"))
    objects = {str(entry["object"]).partition("|")[0] for entry in entries}

    assert objects <= tried | {"layerwatch:verdicts", "layerwatch:ledger", "layerwatch:events", "layerwatch:picture:x",
                               "rq:queue:train", "rq:queue:inspect"}  # fmt: skip


def test_without_a_password_redis_answers_nobody(stack: Stack) -> None:
    told = stack.python("ingest", STRANGER)

    assert told == "AuthenticationError"


@pytest.mark.parametrize("network", ["metrics", "front"])
def test_from_another_network_redis_is_not_reached(stack: Stack, network: str) -> None:
    (redis,) = (one for one in stack.containers() if one["Name"] == f"/{stack.name_of('redis')}")
    address = redis["NetworkSettings"]["Networks"][f"{PROJECT}_bus"]["IPAddress"]
    for host in ("redis", address):
        told = stack.docker(
            "run", "--rm", "--network", f"{PROJECT}_{network}", "--entrypoint", "python",
            f"{PROJECT}/ingest:0.1.0", "-c", REACH, host,
        )  # fmt: skip
        assert told.startswith("not reached"), told


def test_containers_may_do_little_and_their_environment_holds_no_password(stack: Stack) -> None:
    passwords = {
        file.read_text(encoding="utf-8") for file in (stack.clone / "secrets").glob("redis_*[!y]") if file.suffix == ""
    }
    for one in stack.containers():
        host, user = one["HostConfig"], one["Config"]["User"]
        assert user in {"10001:10001", "999:999"}, one["Name"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["Memory"] > 0
        assert host["PidsLimit"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        told = json.dumps(one)
        assert not any(password in told for password in passwords)


def test_images_are_small_and_hold_neither_build_tools_nor_torch(stack: Stack, tell: Callable[[str], None]) -> None:
    base = _size(stack, "python:3.11-slim-bookworm")
    sizes = {name: (_size(stack, f"{PROJECT}/{name}:0.1.0") - base) / MEGABYTE for name in ("ingest", "worker-cpu")}
    tell(f"beyond their base, MB: { ({name: round(size) for name, size in sizes.items()}) }")

    assert sizes["ingest"] <= 80
    assert sizes["worker-cpu"] <= 550
    for service in ROLES:
        assert stack.python(
            service, "import shutil; print([shutil.which(name) for name in ('pip', 'gcc', 'make')])"
        ) == str([None] * 3)
        assert (
            stack.python(service, "import importlib.util as u; print(u.find_spec('torch'), u.find_spec('pip'))")
            == "None None"
        )


def test_images_say_what_they_are(stack: Stack) -> None:
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=stack.clone, capture_output=True, text=True, check=True
    ).stdout
    (image,) = json.loads(stack.docker("image", "inspect", f"{PROJECT}/ingest:0.1.0"))
    labels = image["Config"]["Labels"]

    assert labels["org.opencontainers.image.title"] == "layerwatch ingest"
    assert labels["org.opencontainers.image.version"] == "0.1.0"
    assert labels["org.opencontainers.image.revision"] == revision.strip()
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_the_simulator_prints_and_prometheus_scrapes_every_role(stack: Stack) -> None:
    if not stack.docker("images", "-q", "prom/prometheus:latest").strip():
        pytest.skip("there is no image of Prometheus here")
    before = int(stack.redis_cli("subscriber", "XLEN", STREAM))
    stack.compose("--profile", "demo", "up", "--detach", "--wait", "--no-build", "--no-deps", "simulator")
    stack.compose("--profile", "monitoring", "up", "--detach", "--wait", "--no-deps", "prometheus")
    address = stack.compose("--profile", "monitoring", "port", "prometheus", "9090").strip()

    def jobs_up() -> set[str]:
        targets: Any = httpx.get(f"http://{address}/api/v1/targets").json()["data"]["activeTargets"]
        return {target["labels"]["job"] for target in targets if target["health"] == "up"}

    until(
        lambda: jobs_up() == {f"layerwatch-{name}" for name in ("ingest", "worker", "monitoring", "recorder")},
        seconds=60,
    )
    until(lambda: int(stack.redis_cli("subscriber", "XLEN", STREAM)) > before, seconds=60)


def test_a_copy_brought_to_a_new_host_has_all_and_nothing_is_inspected_twice(
    stack: Stack, print_layer: Callable[[int], None], tmp_path: Path
) -> None:
    """The commands of docs/operations.md; the printer's folder stays."""
    login = {"Authorization": f"Bearer {_token(stack, 'mara')}"}
    stack.compose("--profile", "demo", "rm", "--stop", "--force", "simulator")
    until(lambda: stack.redis_cli("admin", "LLEN", "rq:queue:inspect").strip() == "0", seconds=60)
    until(lambda: _inspections(stack) <= _shown(stack, login), seconds=30)
    before = _inspections(stack)
    backup = tmp_path / "backup"
    backup.mkdir()
    backup.chmod(0o777)
    kept = ("artifacts", "registry", "access", "corrections")
    volumes = [word for name in kept for word in ("--volume", f"{PROJECT}_{name}:/of/{name}")]
    recorder = ("run", "--rm", "--no-deps", "--volume", f"{backup}:/backup")
    copier = ("run", "--rm", "--network", "none", *volumes, "--volume", f"{backup}:/backup")
    image = "python:3.11-slim-bookworm"

    stack.compose(*recorder, "recorder", "backup", "/backup/history.sqlite3")
    stack.docker(*copier, image, "cp", "-au", "/of/.", "/backup/")
    stack.down()
    stack.compose("up", "--no-start", "--no-build")
    stack.docker(*copier, image, "sh", "-c", f"cd /backup && cp -a {' '.join(kept)} /of/")
    stack.compose(*recorder, "--entrypoint", "cp", "recorder", "/backup/history.sqlite3", "/history/")
    stack.compose("run", "--rm", "--no-deps", "recorder", "rebuild")
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "180", "--no-build")
    print_layer(5000)

    until(lambda: any("_005000_" in one for one in _inspections(stack)), seconds=60)
    assert len(before) > 2
    assert not _inspections(stack) & before  # the stream is a new one
    assert before <= _shown(stack, login)


def test_it_goes_away_without_a_trace_and_comes_back_over_tls(stack: Stack) -> None:
    stack.down()
    assert stack.left() == []

    stack.use("docker-compose.yml", "docker-compose.tls.yml")
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "180", "--no-build")
    folder = stack.clone / "secrets"
    password = (folder / "redis_subscriber").read_text(encoding="utf-8")
    url = f"rediss://subscriber:{password}@localhost:{stack.redis_port}/0?ssl_ca_certs={folder / 'redis_ca.crt'}"
    with connect(url) as client:
        assert client.ping()
    stack.down()
    assert stack.left() == []


def _token(stack: Stack, name: str) -> str:
    command = ("python", "-m", "monitoring", "token", name, "--role", "engineer")
    return stack.compose("exec", "-T", "monitoring", *command).strip()


def _inspections(stack: Stack) -> set[str]:
    """Return those in the stream."""
    entries = json.loads(stack.redis_cli("subscriber", "--json", "XRANGE", STREAM, "-", "+"))
    return {json.loads(fields[fields.index("verdict") + 1])["id"] for _, fields in entries}


def _shown(stack: Stack, login: dict[str, str]) -> set[str]:
    """Return the inspections that the page shows."""
    page = f"http://127.0.0.1:{stack.port}/api/builds"
    builds = httpx.get(page, headers=login).json()["builds"]
    strips = (httpx.get(f"{page}/{one['printer']}/{one['build']}/strip", headers=login).json() for one in builds)
    return {inspection for strip in strips for inspection in strip["inspections"]}


def _size(stack: Stack, image: str) -> int:
    return int(re.sub(r"\D", "", stack.docker("image", "inspect", "--format", "{{.Size}}", image)))
