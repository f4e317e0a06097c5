"""Training as a job, with a real queue, real processes and real kills."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from layerwatch.bundle import load_manifest, verify_files
from layerwatch.promotions import Action
from layerwatch.registry import Registry
from simulator.__main__ import main as simulate
from tests.conftest import RedisServer
from trainer.__main__ import main
from trainer.jobs.board import Board

pytestmark = [pytest.mark.torch, pytest.mark.redis, pytest.mark.timeout(900)]
pytest.importorskip("torch")

STEPS = 300  # some seconds even on a fast machine: progress is told once a second, and the kill has to fall into it


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers in both stages, all with defects."""
    root = tmp_path_factory.mktemp("printed")
    options = "--layers 2 --period 0 --size 160 --defect-rate 1 --write plain --seed 6"
    assert simulate(["run", "--out", str(root / "images"), "--truth", str(root / "truth"), *options.split()]) == 0
    return root


@pytest.fixture
def environment(any_redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "REDIS_URL": any_redis_server.url,
        "REGISTRY_DIR": str(tmp_path / "registry"),
        "TRAINER_JOBS_DIR": str(tmp_path / "jobs"),
        "TRAINER_DEAD_AFTER_SECONDS": "3",
        "TRAINER_TICK_SECONDS": "0.2",
        "COLUMNS": "300",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


Submit = Callable[..., str]


@pytest.fixture
def submit(environment: None, any_redis: Redis, printed: Path, capsys: pytest.CaptureFixture[str]) -> Submit:
    """Put a tiny training on the queue and return the id of the job.

    It learns as good as nothing: whether a network that was trained for seconds is as good in int8 is luck, and the
    gate before service refuses one that is not.
    """
    del environment, any_redis

    def put(*, steps: int = STEPS) -> str:
        command = (
            f"submit tiny --images {printed / 'images'} --masks {printed / 'truth'} --profile nist-ammt "
            "--encoder-weights none --decoder-channels 16,16,8,8,8 --crop 64 --batch 2 --validate-every 200 "
            f"--validation-share 0.5 --threads 1 --device cpu --lr 1e-6 --encoder-lr 1e-6 --steps {steps}"
        )
        assert main(command.split()) == 0
        return capsys.readouterr().out.strip()

    return put


@contextmanager
def working(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "work.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "trainer", "work"], cwd=Path(__file__).parents[2], stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=90)


def until(
    board: Board, job_id: str, holds: Callable[[dict[str, str]], bool], *, seconds: float = 800
) -> dict[str, str]:
    deadline = time.monotonic() + seconds
    while not holds(shown := board.read(job_id)):
        told = " ".join(f"{name}={text}" for name, text in shown.items())
        assert not over(shown), told
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    return shown


def in_training(shown: dict[str, str]) -> bool:
    return shown["state"] == "training" and int(shown["step"]) >= 10


def over(shown: dict[str, str]) -> bool:
    return shown["state"] in {"finished", "failed", "cancelled"}


def test_a_job_whose_worker_is_killed_goes_on_and_is_published_and_promoted_once(
    submit: Submit, any_redis: Redis, tmp_path: Path
) -> None:
    board, job_id = Board(any_redis), submit()

    with working(tmp_path) as worker:
        until(board, job_id, in_training)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(timeout=10)
    with working(tmp_path):
        shown = until(board, job_id, over)

    registry = Registry(tmp_path / "registry")
    log = (tmp_path / "jobs" / job_id / "train.log").read_text(encoding="utf-8")
    assert shown["state"] == "finished", (shown, log)
    assert log.count("the run is kept in") == 1, "the training saved its state when its worker was gone"
    assert log.count("reading layers") >= 2
    assert registry.versions("tiny") == (job_id,)
    assert registry.current("tiny") == job_id
    assert [one.action for one in registry.history("tiny")] == [Action.PROMOTE]
    bundle = registry.resolve("tiny")
    verify_files(bundle, load_manifest(bundle))
    assert load_manifest(bundle).lineage["steps"] == STEPS


def test_a_running_job_is_cancelled_and_nothing_is_published(
    submit: Submit, any_redis: Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board, job_id = Board(any_redis), submit(steps=100_000)

    with working(tmp_path):
        until(board, job_id, in_training)
        assert main(["jobs"]) == 0
        assert "of 100000, loss" in " ".join(capsys.readouterr().out.split())
        assert main(["cancel", job_id]) == 0
        shown = until(board, job_id, over)

    assert shown["state"] == "cancelled"
    assert Registry(tmp_path / "registry").names() == ()
    assert {path.name for path in (tmp_path / "jobs" / job_id).iterdir()} == {"train.log"}


def test_a_job_that_cannot_work_fails_at_once_with_the_reason(
    submit: Submit, any_redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, job_id = Board(any_redis), submit()
    monkeypatch.setenv("TRAINER_DATA_DIRS", f'["{tmp_path / "elsewhere"}"]')

    with working(tmp_path):
        shown = until(board, job_id, over)

    assert shown["state"] == "failed"
    assert "TRAINER_DATA_DIRS" in shown["message"]


def test_a_waiting_job_is_cancelled_at_once(
    submit: Submit, any_redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = submit()

    status = main(["cancel", job_id])

    assert status == 0
    assert "is cancelled" in capsys.readouterr().out
    assert any_redis.llen("rq:queue:train") == 0
    assert Board(any_redis).read(job_id)["state"] == "cancelled"
    assert main(["cancel", job_id]) == 2
