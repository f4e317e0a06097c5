"""A real Prometheus of our own, with the rules of the tree in which every duration is so many times shorter."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import free_port
from tests.processes import end

RULES = Path(__file__).parents[1] / "monitoring" / "prometheus"
SECONDS = {"s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"(?<=\[|\s)(\d+)([smh])\b")


def faster(text: str, times: int) -> str:
    """Return a rule's `for`, or its PromQL, with its durations so many times shorter, and at least a second."""
    return DURATION.sub(lambda found: f"{max(1, int(found[1]) * SECONDS[found[2]] // times)}s", text)


def rules_of(name: str) -> list[dict[str, Any]]:
    """Return all rules of a file of monitoring/prometheus."""
    groups = yaml.safe_load((RULES / name).read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def faster_rules(name: str, times: int) -> str:
    """Return a file of rules that need not be waited for as long."""
    content = yaml.safe_load((RULES / name).read_text(encoding="utf-8"))
    for group in content["groups"]:
        for rule in group["rules"]:
            rule["expr"] = faster(rule["expr"], times)
            if "for" in rule:
                rule["for"] = faster(f" {rule['for']}", times).strip()
    return yaml.safe_dump(content)


class Prometheus:
    """What its HTTP API says."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def query(self, expr: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.address}/api/v1/query", params={"query": expr}, timeout=10).json()
        assert answer["status"] == "success", f"{expr}: {answer.get('error')}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def names(self) -> set[str]:
        return set(httpx.get(f"{self.address}/api/v1/label/__name__/values", timeout=10).json()["data"])

    def firing(self) -> list[dict[str, str]]:
        """Return the labels of each alert that is firing."""
        alerts = httpx.get(f"{self.address}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
        return [alert["labels"] for alert in alerts if alert["state"] == "firing"]

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/-/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running_prometheus(folder: Path, targets: Mapping[str, str], *, times_faster: int) -> Iterator[Prometheus]:
    """Run one that scrapes each target, by the name of its job, every second."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed")
    settings = yaml.safe_load((RULES / "prometheus.yml").read_text(encoding="utf-8"))
    settings["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    del settings["alerting"]
    settings["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()
    ]
    folder.mkdir()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for name in settings["rule_files"]:
        (folder / name).write_text(faster_rules(name, times_faster), encoding="utf-8")
    port = free_port()
    with (folder / "log").open("wb") as log:
        options = (f"--web.listen-address=127.0.0.1:{port}", "--config.file=prometheus.yml", "--storage.tsdb.path=data")
        process = subprocess.Popen(
            [binary, *options],
            cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    server = Prometheus(port)
    try:
        until(server.is_ready, lambda: (folder / "log").read_text(encoding="utf-8"))
        yield server
    finally:
        end(process)


def until(holds: Callable[[], object], why_not: Callable[[], object] = lambda: "") -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, why_not()
        time.sleep(0.1)
