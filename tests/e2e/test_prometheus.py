"""A real Prometheus over the real roles: what panels and rules name is there, and what stops raises its own alert."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from redis import Redis

from layerwatch.verdict_stream import STREAM
from monitoring.grafana.dashboards import PROMOTIONS
from monitoring.grafana.rows import ROWS
from tests.conftest import RedisServer, any_server_binary, free_port, running_server, write_tiny_bundle
from tests.processes import end
from tests.prometheus_server import Prometheus, rules_of, running_prometheus, until

pytestmark = [pytest.mark.e2e, pytest.mark.redis]
ROOT = Path(__file__).resolve().parents[2]

# They need a hundred layer sets of a printer, which nobody waits for here.
LATER = {f"layerwatch_drift_{name}" for name in ("defect_rate_ratio", "defect_rate_score", "picture_score")}
NOTHING_TO_SHOW = {"ALERTS", "layerwatch_model_swaps_total"}  # no alert is firing, and no model was promoted
VARIABLES = {"$printer": ".*", "$bundle": ".*", "$__rate_interval": "10s", "$__range": "1m"}
METRIC = re.compile(r"\b(?:\w+:)?(?:layerwatch|process)_\w+(?::\w+)?")


class Plant:
    """A printer, ingest, a pool and the page on a Redis of their own, and Prometheus that looks at all of them."""

    def __init__(self, folder: Path, server: RedisServer, stack: ExitStack) -> None:
        self.redis = server
        self._folder = folder
        self._stack = stack
        self._log = folder / "log"
        self.ports = {role: free_port() for role in ("simulator", "ingest", "worker", "monitoring", "recorder")}
        (folder / "incoming").mkdir()
        self.processes = {
            "ingest": self._start("ingest", "run"),
            "worker": self._start("worker", "pool", "--workers", "1"),
            "monitoring": self._start("monitoring", "serve", "--port", str(self.ports["monitoring"])),
            "recorder": self._start("monitoring", "record"),
            "simulator": self._print(),
        }

    def _print(self) -> subprocess.Popen[bytes]:
        where = ("--out", str(self._folder / "incoming"), "--truth", str(self._folder / "truth"))
        pace = ("--layers", "0", "--period", "1", "--size", "128", "--write", "plain")
        return self._start("simulator", "run", *where, *pace, "--metrics-port", str(self.ports["simulator"]))

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {
            "REDIS_URL": self.redis.url,
            "SOURCES_DIR": str(self._folder / "incoming"),
            "ARTIFACTS_DIR": str(self._folder / "artifacts"),
            "INGEST_LEDGER_DIR": str(self._folder / "ledger"),
            "INGEST_PRINTER": "m290",
            "INGEST_RESCAN_SECONDS": "1",
            "INGEST_SILENT_SECONDS": "5",
            "INGEST_METRICS_PORT": str(self.ports["ingest"]),
            "WORKER_METRICS_PORT": str(self.ports["worker"]),
            "MONITORING_RECORD_METRICS_PORT": str(self.ports["recorder"]),
            "MONITORING_DATABASE_URL": f"sqlite:///{self._folder / 'history.sqlite3'}",
            "WORKER_NAME": "hall",
            "WORKER_MODEL": str(self._folder / "tiny"),
        }
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT, env={**os.environ, **environment}, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self._stack.callback(end, process)
        return process

    def stop(self, role: str) -> None:
        end(self.processes[role])

    def metrics(self, role: str) -> bytes:
        return httpx.get(f"http://127.0.0.1:{self.ports[role]}/metrics", timeout=10).content

    def log(self) -> str:
        return self._log.read_text(errors="replace")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    write_tiny_bundle(folder / "tiny")
    with ExitStack() as stack:
        server = stack.enter_context(running_server(any_server_binary(), tmp_path_factory.mktemp("redis")))
        yield Plant(folder, server, stack)


@pytest.fixture(scope="module")
def prometheus(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that has seen layers of both stages, and a reader of the stream."""
    roles = ("ingest", "worker", "monitoring", "recorder")
    targets = {f"layerwatch-{role}": f"127.0.0.1:{plant.ports[role]}" for role in roles}
    folder = tmp_path_factory.mktemp("prometheus") / "server"
    with running_prometheus(folder, targets, times_faster=60) as server, Redis.from_url(plant.redis.url) as client:
        until(lambda: client.xlen(STREAM) >= 8, plant.log)
        client.xgroup_create(STREAM, "mes", id="0")
        until(lambda: "layerwatch_verdict_stream_group_lag" in server.names(), plant.log)
        until(lambda: server.query("step:layerwatch_inspection_step_seconds:p95_10m > 0"), plant.log)
        until(lambda: server.query("printer:layerwatch_file_to_verdict_seconds:p95_10m > 0"), plant.log)
        yield server


def panel_queries() -> list[str]:
    return [query for row in ROWS for panel in row.panels for query in panel.queries.values()]


def filled_in(query: str) -> str:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


def named_in(query: str) -> set[str]:
    return set(METRIC.findall(query))


def test_every_metric_that_a_panel_or_a_rule_names_is_there(prometheus: Prometheus) -> None:
    rules = [rule["expr"] for name in ("recording.yml", "alerts.yml") for rule in rules_of(name)]
    named = set().union(*map(named_in, [*panel_queries(), *rules, PROMOTIONS]))

    assert len(named) > 40
    assert named - prometheus.names() == LATER


def test_every_query_of_the_dashboard_has_something_to_show(prometheus: Prometheus) -> None:
    for query in [*panel_queries(), PROMOTIONS]:
        found = prometheus.query(filled_in(query))

        may_be_empty = any(name in query for name in LATER | NOTHING_TO_SHOW)
        assert found or may_be_empty, query


def test_the_rules_are_loaded_and_none_fails(prometheus: Prometheus) -> None:
    groups = httpx.get(f"{prometheus.address}/api/v1/rules", timeout=10).json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]

    assert len(rules) == len(rules_of("recording.yml")) + len(rules_of("alerts.yml"))
    assert {rule["health"] for rule in rules} == {"ok"}


@pytest.mark.parametrize("role", ["simulator", "ingest", "worker", "monitoring", "recorder"])
def test_the_metrics_of_each_role_keep_the_conventions(plant: Plant, prometheus: Prometheus, role: str) -> None:
    del prometheus  # by then all have something to say
    promtool = shutil.which("promtool")
    assert promtool is not None
    text = plant.metrics(role)

    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)

    assert b"layerwatch_" in text
    assert b"_created" not in text
    assert (checked.returncode, checked.stderr.decode()) == (0, "")


def test_whatever_stops_raises_its_own_alert(plant: Plant, prometheus: Prometheus) -> None:
    """It comes last here, and ends the plant piece by piece."""

    def firing() -> set[tuple[str, str, str, str]]:
        about = ({"job": "", **labels} for labels in prometheus.firing())
        return {(one["alertname"], one["job"], one["severity"], one["team"]) for one in about} - of_the_layers

    of_the_layers = {(name, "", "page", "operator") for name in ("LayerRejected", "BuildAtRisk")}
    silent = ("PrinterSilent", "layerwatch-ingest", "ticket", "operator")
    no_worker = ("NoWorker", "", "page", "platform")
    worker_down, ingest_down = (("RoleDown", f"layerwatch-{role}", "page", "platform") for role in ("worker", "ingest"))
    redis_down = ("RedisDown", "layerwatch-monitoring", "page", "platform")
    until(lambda: firing() == set(), firing)

    plant.stop("simulator")
    until(lambda: firing() == {silent}, firing)
    plant.stop("worker")
    until(lambda: firing() == {silent, worker_down, no_worker}, firing)
    plant.stop("ingest")
    until(lambda: firing() == {ingest_down, worker_down, no_worker}, firing)
    plant.redis.stop()
    until(lambda: firing() == {ingest_down, worker_down, redis_down}, firing)
