"""The stack of docker-compose.yml under fire: each container dies, hangs and loses its network, and the disk fills.

A printer goes on printing meanwhile. Seen from outside each layer set has exactly one verdict in the end, each overlay
is whole, the history has what the stream has, and what was broken for long raised its alert, which ended. `make chaos`
runs it three times and writes what it measured into docs/reliability.md. Prometheus has the rules of the tree, but for
their durations: those are a tenth as long.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import pytest
import yaml

from layerwatch.verdict import Decision, Verdict
from tests.compose import Stack, compose_command, engine_is_there
from tests.compose_faults import cut_off, kill, no_room, paused, pids_of, room_kept, worker_of_the_pool
from tests.compose_outside import ORDINARY_SECONDS, Outside, set_of
from tests.prometheus_server import Prometheus, faster_rules
from tests.worker_processes import until

pytestmark = [pytest.mark.e2e, pytest.mark.chaos, pytest.mark.timeout(3600)]
RECORDS = os.environ.get("LAYERWATCH_CHAOS_RECORDS")  # file that gets a line for each fault
TIMES_FASTER, SCRAPE = 10, "4s"
HELD_SECONDS, FULL_SECONDS = 25, 40
PATIENCE_SECONDS = 180  # until all is whole, and then until alerts have ended
SIDE_PX = 400
SAID_WHILE_SILENT: dict[str, frozenset[str]] = {  # of a role it is RoleDown
    "redis": frozenset({"RedisDown layerwatch-monitoring"}),  # who says so
    "prometheus": frozenset(),  # nobody is left to say so
}
ROLES = ("ingest", "worker", "monitoring", "recorder")
OF_THE_LAYERS = {"LayerRejected", "BuildAtRisk"}  # this printer prints defects
PRINT = f"run --out /incoming --truth /tmp/truth --layers 0 --period 2 --size {SIDE_PX} --seed 10001 --processes 1"
OVERRIDE = {
    "services": {
        "simulator": {"command": f"{PRINT} --metrics-port 9105".split()},
        "worker": {"command": ["pool", "--workers", "2"]},
    },
    "volumes": {  # small, and in memory
        "artifacts": {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=256m,uid=10001,gid=10001"}}
    },
}


@dataclass(frozen=True)
class Plant:
    """A stack that runs, a look at it, and the container that keeps its volume of artifacts."""

    stack: Stack
    outside: Outside
    keeper: str


Broken = Callable[[Plant], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        broken: a context that breaks it, and mends it behind where it does not mend itself.
        held: seconds until it is mended.
        raises: alerts that have to fire meanwhile.
    """

    what: str
    how: str
    broken: Broken
    held: int = 0
    raises: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.what} {self.how}".replace(" ", "-")


@contextmanager
def killed(plant: Plant, *, services: Sequence[str]) -> Iterator[None]:
    kill(plant.stack, pids_of(plant.stack, services))
    yield


@contextmanager
def one_worker_killed(plant: Plant) -> Iterator[None]:
    kill(plant.stack, [worker_of_the_pool(plant.stack)])
    yield


@contextmanager
def restarted(plant: Plant, *, service: str) -> Iterator[None]:
    plant.stack.docker("restart", plant.stack.name_of(service))
    yield


def standing_still(plant: Plant, *, service: str) -> AbstractContextManager[None]:
    return paused(plant.stack, service)


def without_network(plant: Plant, *, service: str) -> AbstractContextManager[None]:
    return cut_off(plant.stack, service)


def full(plant: Plant) -> AbstractContextManager[None]:
    return no_room(plant.stack, plant.keeper)


def faults() -> Iterator[Fault]:
    for service in (*ROLES, "redis", "prometheus"):
        yield Fault(service, "killed", partial(killed, services=[service]))
    yield Fault("one worker of two", "killed", one_worker_killed)
    yield Fault("redis", "restarted", partial(restarted, service="redis"))
    yield Fault("all at once", "killed", partial(killed, services=[*ROLES, "redis"]))
    for service in ("prometheus", *ROLES, "redis"):
        raises = SAID_WHILE_SILENT.get(service, frozenset({f"RoleDown layerwatch-{service}"}))
        hung, cut = (partial(way, service=service) for way in (standing_still, without_network))
        yield Fault(service, "stands still", hung, held=HELD_SECONDS, raises=raises)
        yield Fault(service, "without network", cut, held=HELD_SECONDS, raises=raises)
    yield Fault(
        "artifacts", "full", full, held=FULL_SECONDS, raises=frozenset({"ArtifactsUnwritable layerwatch-worker"})
    )


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    if not engine_is_there():
        pytest.skip("no container engine answers to `docker info`")
    compose_command()
    stack = Stack(tmp_path_factory.mktemp("chaos"), project="layerwatch-chaos")
    if not stack.docker("images", "-q", "prom/prometheus:latest").strip():
        pytest.skip("there is no image of Prometheus here")
    stack.down()
    stack.build()
    (stack.clone / "chaos.yml").write_text(yaml.safe_dump(OVERRIDE), encoding="utf-8")
    hurry(stack.clone / "monitoring" / "prometheus")
    stack.use("docker-compose.yml", "chaos.yml")
    try:
        stack.compose("up", "--detach", "--wait", "--wait-timeout", "180", "--no-build")
        stack.compose("--profile", "monitoring", "up", "--detach", "--wait", "--no-build", "--no-deps", "prometheus")
        port = int(stack.compose("--profile", "monitoring", "port", "prometheus", "9090").rpartition(":")[2])
        token = stack.compose(
            "exec", "-T", "monitoring", "python", "-m", "monitoring", "token", "erin", "--role", "engineer"
        )
        outside = Outside(stack, Prometheus(port), {"Authorization": f"Bearer {token.strip()}"})
        with room_kept(stack) as keeper:
            stack.compose("--profile", "demo", "up", "--detach", "--wait", "--no-build", "--no-deps", "simulator")
            yield Plant(stack, outside, keeper)
    finally:
        stack.down()


def hurry(folder: Path) -> None:
    """Make the rules' durations shorter, and scrape as much more often."""
    for name in ("recording.yml", "alerts.yml"):
        (folder / name).write_text(faster_rules(name, TIMES_FASTER), encoding="utf-8")
    settings = (folder / "prometheus.yml").read_text(encoding="utf-8")
    (folder / "prometheus.yml").write_text(settings.replace("15s", SCRAPE), encoding="utf-8")


@pytest.fixture
def alerts(plant: Plant) -> Callable[[], set[str]]:
    """Returns which alerts fire, those of a role with its job, but for those about what is printed."""

    def firing() -> set[str]:
        told = plant.outside.prometheus.firing()
        return {f"{one['alertname']} {one.get('job', '')}".strip() for one in told} - OF_THE_LAYERS

    return firing


def test_nothing_is_wrong_before_anything_is_broken(plant: Plant, alerts: Callable[[], set[str]]) -> None:
    outside = plant.outside
    until(lambda: len(outside.printed()) > 10, seconds=PATIENCE_SECONDS, why_not=outside.printed)
    until(lambda: not outside.why_not_whole(), seconds=PATIENCE_SECONDS, why_not=outside.why_not_whole)

    assert alerts() == set()


@pytest.mark.parametrize("fault", list(faults()), ids=str)
def test_after_a_fault_all_is_whole_and_no_layer_was_missed(
    plant: Plant, alerts: Callable[[], set[str]], fault: Fault
) -> None:
    outside, raised = plant.outside, set[str]()
    began = time.time()
    with fault.broken(plant):
        broken = time.monotonic()
        while time.monotonic() - broken < fault.held:
            raised |= alerts_unless_prometheus_is_broken(fault, alerts)
            time.sleep(1)
    mended, mended_at = time.monotonic(), time.time()

    def whole() -> bool:
        raised.update(alerts_unless_prometheus_is_broken(fault, alerts))
        return not outside.why_not_whole(since=mended_at)

    whole_after = until(whole, seconds=PATIENCE_SECONDS, why_not=outside.why_not_whole)
    ended = time.time()
    until(lambda: alerts() == set(), seconds=PATIENCE_SECONDS, why_not=alerts)

    meanwhile = {name: written for name, written in outside.printed().items() if began <= written < ended}
    published = [verdict for verdict in outside.verdicts if set_of(verdict) in meanwhile]
    waits = [Verdict.model_validate(body).timing.published.timestamp() - meanwhile[set_of(body)] for body in published]
    assert [body["reasons"] for body in published if not was_judged(body)] == []
    assert fault.raises <= raised
    record(
        fault=f"{fault.what} {fault.how}",
        held=round(mended - broken, 1) if fault.held else 0.0,
        whole_after=round(whole_after, 1),
        longest_wait=round(max(waits), 1),
        layer_sets=len(waits),
        alerts=sorted(raised),
    )


def was_judged(body: dict[str, Any]) -> bool:
    """Return whether somebody looked at the pictures; of small ones some are taken for lit by the laser."""
    return body["decision"] != "invalid" or all("laser on" in reason for reason in body["reasons"])


def alerts_unless_prometheus_is_broken(fault: Fault, alerts: Callable[[], set[str]]) -> set[str]:
    return set() if fault.what == "prometheus" else alerts()


def record(**measured: object) -> None:
    if RECORDS is not None:
        with Path(RECORDS).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(measured)}\n")


def test_in_the_end_each_layer_set_has_one_verdict_its_files_and_its_place_in_the_history(
    plant: Plant, alerts: Callable[[], set[str]], tmp_path: Path
) -> None:
    stack, outside = plant.stack, plant.outside
    printed = outside.printed(before=time.time() - 1)  # a file that is not written to any more is whole
    stack.docker("stop", "--time", "20", stack.name_of("simulator"))
    time.sleep(ORDINARY_SECONDS)
    outside.read_stream()
    of_whole_sets = [body for body in outside.verdicts if set_of(body) in printed]

    assert Counter(map(set_of, of_whole_sets)) == Counter(printed.keys())
    assert {(body["revision"], was_judged(body)) for body in of_whole_sets} == {(1, True)}
    for body in of_whole_sets:
        assert {image["sha256"] for image in body["images"]} == outside.digests(set_of(body)), set_of(body)
    assert {body["id"] for body in of_whole_sets} <= outside.inspections_on_the_page()
    assert_files_are_whole(outside.copied_artifacts(tmp_path), of_whole_sets)
    assert stack.redis_cli("admin", "LLEN", "rq:queue:inspect").strip() == "0"
    assert stack.redis_cli("admin", "ZCARD", "rq:failed:inspect").strip() == "0"
    assert alerts() <= {"PrinterSilent layerwatch-ingest"}


def assert_files_are_whole(artifacts: Path, verdicts: list[dict[str, Any]]) -> None:
    files = [file for file in artifacts.rglob("*") if file.is_file()]
    assert {file.name for file in files} == {
        "verdict.json",
        "overlay.jpg",
        "mask.png",
    }  # nothing half-written beside them
    for body in verdicts:
        verdict = Verdict.model_validate(body)
        folder = artifacts / verdict.key.folder
        assert Verdict.from_json((folder / "verdict.json").read_bytes()) == verdict
        if verdict.artifacts.overlay is None:
            assert verdict.decision is Decision.INVALID
            continue
        overlay = cv2.imread(str(folder / "overlay.jpg"), cv2.IMREAD_COLOR)
        mask = cv2.imread(str(folder / "mask.png"), cv2.IMREAD_GRAYSCALE)
        assert overlay is not None, verdict.key
        assert mask is not None, verdict.key
        assert mask.shape == (SIDE_PX, SIDE_PX)
        assert (folder / "overlay.jpg").read_bytes().endswith(b"\xff\xd9"), verdict.key  # OpenCV forgives a half JPEG
        assert bool(verdict.regions) == bool(mask.any())
