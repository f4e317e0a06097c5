"""`make screenshots` without make."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from tests.e2e.monitoring.conftest import CHROMIUM
from tests.e2e.test_demo import processes_that_mention

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
ROOT = Path(__file__).resolve().parents[2]


def command(folder: Path, *options: str) -> list[str]:
    small = ("--size", "256", "--period", "0")
    where = ("--out", str(folder / "pictures"), "--run-dir", str(folder / "run"))
    return [sys.executable, "-m", "demo", "screenshots", *small, *where, *options]


def test_a_page_is_pictured_in_both_themes_on_a_desk_and_on_a_phone(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path, "--only", "now"), cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    pictures = {file.name: cv2.imread(str(file)) for file in (tmp_path / "pictures").iterdir()}
    assert {name: picture.shape[:2] for name, picture in pictures.items() if picture is not None} == {
        "now-desktop-dark.jpg": (900, 1440),
        "now-desktop-light.jpg": (900, 1440),
        "now-phone-dark.jpg": (1688, 780),
        "now-phone-light.jpg": (1688, 780),
    }
    assert all(file.stat().st_size <= 250_000 for file in (tmp_path / "pictures").iterdir())
    assert not processes_that_mention(str(tmp_path / "run"))


def test_ctrl_c_ends_everything_that_was_started(tmp_path: Path) -> None:
    running = subprocess.Popen(
        command(tmp_path), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run" / "artifacts").rglob("verdict.json")) and time.monotonic() < deadline:
        time.sleep(0.2)

    os.killpg(running.pid, signal.SIGINT)
    output, _ = running.communicate(timeout=60)

    assert running.returncode == 130, output
    assert "Traceback" not in output
    assert not (tmp_path / "pictures").exists()
    assert not processes_that_mention(str(tmp_path / "run"))


def test_a_page_that_there_is_not_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path, "--only", "moon"), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert "there is no page moon; --only takes now" in done.stderr


def test_a_missing_browser_is_told_with_what_to_install(tmp_path: Path) -> None:
    nowhere = os.environ | {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}

    done = subprocess.run(
        command(tmp_path), cwd=ROOT, env=nowhere, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert "apt-get install chromium" in done.stderr
    assert not (tmp_path / "run").exists()
