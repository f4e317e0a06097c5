"""Rules, runbook, routes and compose file say the same, and the tools that read them accept them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.compose import compose_command
from tests.prometheus_server import RULES, faster, rules_of

ROOT = RULES.parents[1]
ALERTS = rules_of("alerts.yml")
TEAMS = {"operator", "process-engineer", "ml-engineer", "platform"}
PINNED = re.compile(r".+:v?\d+\.\d+\.\d+")


def run(tool: str, *arguments: str, folder: Path = RULES) -> str:
    """Run a tool and return what it says; skip where it is missing."""
    if (binary := shutil.which(tool)) is None:
        pytest.skip(f"{tool} is not installed")
    result = subprocess.run([binary, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml", "recording_test.yml")],
    ids=["config", "rules"],
)
def test_prometheus_accepts_configuration_and_rules(arguments: tuple[str, ...]) -> None:
    run("promtool", *arguments)


def test_every_alert_is_tested() -> None:
    tests = yaml.safe_load((RULES / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    raised = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}

    assert raised == {rule["alert"] for rule in ALERTS}


def test_every_alert_says_how_urgent_it_is_and_for_whom() -> None:
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["labels"]["team"] in TEAMS, rule["alert"]
        assert {"summary", "description", "runbook_url"} == rule["annotations"].keys(), rule["alert"]


def test_the_runbook_has_a_section_for_every_alert_and_no_other() -> None:
    sections = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(sections) == sorted(rule["alert"] for rule in ALERTS)
    for rule in ALERTS:
        link = rule["annotations"]["runbook_url"]
        assert link == f"{{{{ $externalLabels.docs }}}}/runbook.md#{rule['alert'].lower()}"


def test_each_section_of_the_runbook_says_whom_it_is_for_how_to_see_it_and_what_to_do() -> None:
    _, *parts = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8").split("\n## ")
    texts = {name: text for name, _, text in (part.partition("\n") for part in parts)}

    for rule in ALERTS:
        labels, text = rule["labels"], texts[rule["alert"]]
        whom = f"{labels['severity']}, {labels['team'].replace('-', ' ')}."
        assert text.lower().startswith(whom), rule["alert"]
        assert "**See it**" in text, rule["alert"]
        assert "**Do**" in text, rule["alert"]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_the_example_of_routes_sends_each_alert_to_its_team(rule: dict[str, dict[str, str]]) -> None:
    labels = [f"{name}={value}" for name, value in rule["labels"].items()]

    receiver = run("amtool", "config", "routes", "test", "--config.file=alertmanager.yml", *labels)

    assert receiver.strip() == f"{rule['labels']['team']}-{rule['labels']['severity']}"


def test_what_is_said_to_follow_from_another_alert_names_alerts_that_there_are() -> None:
    run("amtool", "check-config", "alertmanager.yml")
    text = (RULES / "alertmanager.yml").read_text(encoding="utf-8")
    named = re.findall(r'alertname=~?"([\w|]+)"', text)

    assert {name for names in named for name in names.split("|")} <= {rule["alert"] for rule in ALERTS}


def test_durations_are_shortened_and_nothing_else() -> None:
    expr = 'sum(increase(x_5m{le="30m"}[5m]) > 30 or (x unless x offset 10m)) # [1h]'

    assert faster(expr, 60) == 'sum(increase(x_5m{le="30m"}[5s]) > 30 or (x unless x offset 10s)) # [60s]'


def test_the_monitoring_profile_pins_its_images_and_mounts_what_there_is() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    ours = [service for service in services.values() if service.get("profiles") == ["monitoring"]]

    assert len(ours) == 3
    for service in ours:
        assert PINNED.fullmatch(_by_default(service["image"]))
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        volumes = [_by_default(volume) for volume in service["volumes"]]
        mounted = [volume.split(":")[0] for volume in volumes if volume.startswith("./")]
        assert mounted
        assert all((ROOT / path).exists() for path in mounted)


def _by_default(value: str) -> str:
    """Return a value of the compose file as it is where .env says nothing."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


@pytest.mark.parametrize(
    "files", [(), ("-f", "docker-compose.yml", "-f", "docker-compose.tls.yml")], ids=["plain", "tls"]
)
def test_compose_accepts_the_files(files: tuple[str, ...]) -> None:
    tool, *words = compose_command()
    run(tool, *words, *files, "--profile", "*", "config", "--quiet", folder=ROOT)


def test_prometheus_scrapes_the_ports_that_the_images_give_the_roles() -> None:
    ports = dict(re.findall(r"\b([A-Z_]+_PORT)=(\d+)", (ROOT / "Dockerfile").read_text(encoding="utf-8")))
    scraped = (RULES / "prometheus.yml").read_text(encoding="utf-8")

    assert f'["ingest:{ports["INGEST_METRICS_PORT"]}"]' in scraped
    assert f'["monitoring:{ports["MONITORING_PORT"]}"]' in scraped
    assert f"port: {ports['WORKER_METRICS_PORT']}" in scraped
