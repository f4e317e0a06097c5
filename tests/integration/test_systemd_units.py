"""The units for hosts without containers, as systemd itself reads them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ingest.settings import IngestSettings
from monitoring.settings import MonitoringSettings
from worker.settings import WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they would be installed, with a Python that is there."""
    for unit in UNITS.glob("layerwatch*"):
        text = unit.read_text().replace("/opt/layerwatch/.venv/bin/python", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def analyze(*arguments: str) -> str:
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_has_nothing_to_say_against_them(units: Path) -> None:
    said = analyze("verify", *(str(units / name) for name in [*SERVICES, "layerwatch.target"]))

    assert [line for line in said.splitlines() if "layerwatch" in line] == []


@pytest.mark.parametrize("service", SERVICES)
def test_each_may_do_little_more_than_its_work(units: Path, service: str) -> None:
    said = analyze("security", "--offline=true", "--threshold=20", str(units / service))

    assert re.search(r"Overall exposure level for \S+: [01]\.\d", said)


def test_the_settings_that_come_with_them_are_ones_that_the_roles_know() -> None:
    lines = (UNITS / "layerwatch.env").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    known = {"LOG_FORMAT", "REDIS_URL", "CORRECTIONS_DIR"}
    for kind in (IngestSettings, WorkerSettings, MonitoringSettings):
        prefix = str(kind.model_config["env_prefix"])
        known |= {str(field.validation_alias or f"{prefix}{name}".upper()) for name, field in kind.model_fields.items()}

    assert named <= known
