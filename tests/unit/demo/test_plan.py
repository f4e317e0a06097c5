"""What the demo starts."""

import os
from pathlib import Path

import pytest

from demo.fresh import free_ports
from demo.plan import DemoPlan
from ingest.settings import IngestSettings
from monitoring.settings import MonitoringSettings
from worker.settings import WorkerSettings


def test_everything_that_a_demo_reads_and_writes_lies_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = DemoPlan(
        run_dir=tmp_path,
        profile="nist-ammt",
        layers=8,
        period=1.0,
        size=400,
        seed=7,
        source=None,
        once=True,
        ports=free_ports(0),
        redis_url=None,
        build="demo",
    )
    monkeypatch.setattr(os, "environ", plan.environment())

    for kind in (IngestSettings, WorkerSettings, MonitoringSettings):
        places = {name: value for name, value in kind() if isinstance(value, Path)}
        assert len(places) >= 3
        assert {name: value for name, value in places.items() if not value.is_relative_to(tmp_path)} == {}
    assert MonitoringSettings().database_url == f"sqlite:///{tmp_path}/history/history.sqlite3"
