"""`make demo` without make: what a newcomer runs first."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
SUMMARY = re.compile(r"(\d+) layer sets, (\d+) verdicts, (\d+) lost, median file-to-verdict \d+\.\d\d s")


@pytest.fixture
def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "REDIS_URL"}


def command(run_dir: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "demo", "run", "--run-dir", str(run_dir), "--size", "256", *options]


def test_a_short_build_ends_with_a_summary(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command(tmp_path / "run", "--once", "--layers", "2", "--period", "1"),
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    counts = SUMMARY.fullmatch(done.stdout.rstrip().splitlines()[-1])
    assert counts is not None, done.stdout
    assert counts.groups() == ("4", "4", "0")
    with closing(sqlite3.connect(tmp_path / "run" / "history" / "history.sqlite3")) as history:
        assert history.execute("SELECT count(*) FROM layers").fetchone()[0] > 0


def test_pictures_of_ones_own_get_a_verdict_each(tmp_path: Path, environment: dict[str, str]) -> None:
    source = tmp_path / "mine"
    source.mkdir()
    noise = np.random.default_rng(5)
    for number in (3, 7, 21):
        cv2.imwrite(str(source / f"Image{number}.jpg"), noise.integers(60, 200, (240, 320), dtype=np.uint8))

    done = subprocess.run(
        command(tmp_path / "run", "--once", "--source", str(source), "--profile", "single-light", "--period", "0.2"),
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    counts = SUMMARY.fullmatch(done.stdout.rstrip().splitlines()[-1])
    assert counts is not None
    assert counts.groups() == ("3", "3", "0")
    assert len(list((tmp_path / "run" / "artifacts").rglob("overlay.jpg"))) == 3
    assert len(list((tmp_path / "run" / "artifacts").rglob("mask.png"))) == 3


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path, environment: dict[str, str]) -> None:
    marker = str(tmp_path / "run")
    running = subprocess.Popen(
        command(tmp_path / "run"), cwd=ROOT, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run" / "artifacts").rglob("verdict.json")) and time.monotonic() < deadline:
        time.sleep(0.2)

    os.killpg(running.pid, signal.SIGINT)
    output, _ = running.communicate(timeout=60)

    assert running.returncode == 0, output
    assert "Traceback" not in output
    assert not processes_that_mention(marker)


def test_a_taken_port_is_no_obstacle(tmp_path: Path, environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = subprocess.run(
            command(tmp_path / "run", "--once", "--layers", "1", "--period", "0", "--port", str(port)),
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert f":{port}/" not in done.stdout


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("keep")

    done = subprocess.run(
        command(tmp_path / "mine", "--once"), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert (tmp_path / "mine" / "precious.txt").read_text() == "keep"


def processes_that_mention(text: str) -> list[str]:
    """Return the command lines of living processes that hold a text there, in their environment or as their folder.

    A Redis writes its title over its environment.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            words += str((process / "cwd").readlink()).encode()
        except OSError:
            continue
        if text.encode() in words and int(process.name) != os.getpid():
            found.append((process / "cmdline").read_bytes().decode(errors="replace"))
    return found
