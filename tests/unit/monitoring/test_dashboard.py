"""The dashboard: current, whole, and with what its readers choose by."""

import json
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.grafana import __main__ as command
from monitoring.grafana.dashboards import PROMOTIONS, layerwatch_json
from monitoring.grafana.rows import ROWS

PROVISIONING = Path(command.__file__).parent / "provisioning"


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(layerwatch_json())
    return loaded


def test_the_file_is_what_the_rows_say() -> None:
    assert command.main(["--check"]) == 0


def test_a_file_that_was_changed_by_hand_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "FILE", tmp_path / "layerwatch.json")

    assert command.main(["--check"]) == 1
    assert "make dashboards" in capsys.readouterr().err
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0


def test_rows_go_from_the_whole_plant_down_to_the_machines(dashboard: dict[str, Any]) -> None:
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]

    assert rows == [
        "Overview",
        "Latency by stage",
        "Quality",
        "Queue and dead letters",
        "Model and drift",
        "System",
    ]


def test_readers_choose_printer_and_bundle_and_see_promotions(dashboard: dict[str, Any]) -> None:
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    (promotions,) = dashboard["annotations"]["list"]

    assert {"datasource", "printer", "bundle"} == variables.keys()
    assert variables["printer"]["multi"]
    assert variables["printer"]["includeAll"]
    assert promotions["useValueForTime"]
    assert "layerwatch_model_swaps_total" in promotions["expr"]


def test_a_promotion_is_marked_when_a_worker_swapped_and_not_when_one_was_started(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    swapped, started = '{worker="hall-1"', '{worker="hall-2"'
    series = {
        f"layerwatch_model_since_timestamp_seconds{swapped}}}": "1200x5",
        f"layerwatch_model_since_timestamp_seconds{started}}}": "1500x5",
        f'layerwatch_model_info{swapped}, bundle="starter/2", backend="openvino"}}': "1x5",
        f'layerwatch_model_info{started}, bundle="starter/3", backend="openvino"}}': "1x5",
        f'layerwatch_model_swaps_total{swapped}, outcome="swapped"}}': "1x5",
        f'layerwatch_model_swaps_total{started}, outcome="swapped"}}': "0x5",
        f'layerwatch_model_swaps_total{started}, outcome="failed"}}': "1x5",
    }
    expected = [{"labels": '{bundle="starter/2"}', "value": 1_200_000}]  # milliseconds, as Grafana wants them
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": PROMOTIONS, "eval_time": "3m", "exp_samples": expected}],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"tests": [test]}), encoding="utf-8")

    result = subprocess.run(
        [promtool, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr


def test_panels_have_an_own_id_and_lie_beside_each_other(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
        assert one["x"] + one["w"] <= 24


def test_every_panel_says_what_it_shows_and_of_which_printer_where_it_can() -> None:
    by_printer = ("layerwatch_decisions_total", "layerwatch_file_to_verdict_seconds", "layerwatch_ingest_")
    for row in ROWS:
        for panel in row.panels:
            assert panel.says.endswith(".") or "`" in panel.says, panel.title
            for query in panel.queries.values():
                assert not any(name in query for name in by_printer) or "$printer" in query, query


def test_grafana_finds_prometheus_and_the_dashboard_where_compose_puts_them() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text(encoding="utf-8"))["datasources"]
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards/layerwatch.yml").read_text(encoding="utf-8"))["providers"]
    compose = yaml.safe_load((PROVISIONING.parents[2] / "docker-compose.yml").read_text(encoding="utf-8"))

    assert source["url"] == "http://prometheus:9090"
    assert any(f":{provider['options']['path']}/" in volume for volume in compose["services"]["grafana"]["volumes"])


def test_a_number_is_that_of_now_and_never_an_old_one(dashboard: dict[str, Any]) -> None:
    numbers = [panel for panel in dashboard["panels"] if panel["type"] == "stat"]

    assert numbers
    assert all(target["instant"] for panel in numbers for target in panel["targets"])
