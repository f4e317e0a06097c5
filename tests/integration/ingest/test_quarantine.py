"""What was given up on, and how a person asks for it again: real Redis, real worker, the command line."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from redis import Redis

from ingest.__main__ import main
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Decision, Verdict

pytestmark = pytest.mark.redis
ROOT = Path(__file__).resolve().parents[3]


class Server(Protocol):
    """What `any_redis_server` of conftest.py gives."""

    url: str


@pytest.fixture
def environment(
    any_redis: Redis, any_redis_server: Server, tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Settings of a site with an empty Redis, for this process and others."""
    assert any_redis.dbsize() == 0
    settings = {
        "REDIS_URL": any_redis_server.url,
        "SOURCES_DIR": str(sources),
        "ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "INGEST_PRINTER": "m290",
        "WORKER_RETRY_PAUSE_SECONDS": "0.01",
        "METRICS_PORT": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **settings}


@pytest.fixture
def worker(environment: dict[str, str], tiny_bundle: Path) -> Callable[[], AbstractContextManager[None]]:
    """Serve while the block runs."""
    return lambda: _running(environment, tiny_bundle)


@contextmanager
def _running(environment: dict[str, str], bundle: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "worker", "run"],
        cwd=ROOT,
        env=environment | {"WORKER_MODEL": str(bundle)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def some_written_message(
    sources: Path, write_pictures: Callable[..., LayerSet], some_message: Callable[..., InspectLayer]
) -> Callable[[], InspectLayer]:
    """Write the pictures of a layer, and return the message about them."""
    return lambda: some_message(of=write_pictures(sources, layer=3))


def wait_for_quarantine(client: Redis) -> None:
    """Wait for the job to be among the failed ones, which is a moment after its verdict."""
    deadline = time.monotonic() + 20
    while not RedisQueue(client).given_up():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def verdicts(client: Redis, *, since: str = "0") -> Iterator[Verdict]:
    return (verdict for _, verdict in RedisResults(client).since(since, wait_seconds=30))


def test_a_layer_that_was_given_up_on_gets_its_verdict_when_the_share_is_back(
    any_redis: Redis,
    worker: Callable[[], AbstractContextManager[None]],
    sources: Path,
    some_written_message: Callable[[], InspectLayer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = some_written_message()
    sources.rename(sources.with_name("away"))
    assert RedisResults(any_redis).revision(message.layer_set.key, message.id) == 1
    RedisQueue(any_redis).enqueue(message)

    with worker():
        answers = verdicts(any_redis)
        first = next(answers)
        assert (first.decision, first.id) == (Decision.INVALID, message.id)
        wait_for_quarantine(any_redis)
        assert main(["quarantine", "list"]) == 0
        listed = capsys.readouterr().out
        assert "m290_job42_000003_melt" in listed
        assert "gave up after 3 attempts" in listed
        assert main(["status"]) == 1
        assert "1 inspections were given up on" in capsys.readouterr().out

        sources.with_name("away").rename(sources)
        assert main(["quarantine", "retry", "m290_job42_000003_melt"]) == 0
        second = next(answers)

    assert (second.decision, second.revision, second.layer) == (Decision.PASS, 2, 3)
    assert second.id != first.id
    assert main(["quarantine", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.split("\n", maxsplit=1)[1]) == []


def test_a_layer_with_a_verdict_is_inspected_again(
    any_redis: Redis,
    worker: Callable[[], AbstractContextManager[None]],
    sources: Path,
    write_pictures: Callable[..., LayerSet],
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_pictures(sources, layer=3, defect_px=900)
    assert main(["run", "--once"]) == 0

    with worker():
        answers = verdicts(any_redis)
        first = next(answers)
        capsys.readouterr()
        assert main(["requeue", first.id]) == 0
        assert capsys.readouterr().out == "m290_job42_000003_melt: queued as revision 2\n"
        second = next(answers)

    assert (first.revision, second.revision) == (1, 2)
    assert first.decision is second.decision is Decision.REJECT
    assert main(["run", "--once"]) == 0
    assert "1 known" in capsys.readouterr().out
    assert RedisQueue(any_redis).depth() == 0


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("told", ["id", "layer"])
def test_of_all_that_was_given_up_on_only_what_is_named_is_queued(
    any_redis: Redis,
    some_message: Callable[..., InspectLayer],
    give_up: Callable[[Redis, InspectLayer], None],
    told: str,
) -> None:
    named, other = (some_message(layer=layer) for layer in (1, 2))
    for message in (named, other):
        give_up(any_redis, message)

    assert main(["quarantine", "retry", named.id if told == "id" else str(named.layer_set.key)]) == 0

    queue = RedisQueue(any_redis)
    assert queue.depth() == 1
    assert queue.holds(named.id)
    assert [one.id for one in queue.given_up()] == [other.id]


@pytest.mark.usefixtures("environment")
def test_what_was_given_up_on_and_lost_its_message_is_asked_for_with_the_pictures_in_the_folder(
    any_redis: Redis,
    some_written_message: Callable[[], InspectLayer],
    give_up: Callable[[Redis, InspectLayer], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    message, layer = some_written_message(), "m290_job42_000003_melt"
    give_up(any_redis, message)
    any_redis.delete(f"rq:job:{message.id}")

    assert main(["quarantine", "list"]) == 0
    (listed,) = (line for line in capsys.readouterr().out.splitlines() if layer in line)
    assert "its record in Redis is gone, or cannot be read" in listed
    assert main(["quarantine", "retry", layer]) == 1
    told = capsys.readouterr().out
    assert told.startswith(f"{layer}: its message cannot be read; ")
    what_to_do = told.strip().rpartition("python -m ingest ")[2]
    assert main(what_to_do.split()) == 0
    assert capsys.readouterr().out == f"{layer}: queued as revision 1\n"

    queue = RedisQueue(any_redis)
    assert queue.given_up() == ()
    assert queue.depth() == 1
    assert queue.holds(message.id)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("requeue layer7", "expected a layer such as m290_job42_000123_melt"),
        ("quarantine retry", "name layers of `quarantine list`, or say --all"),
        ("quarantine retry --all", "nothing of that was given up on"),
    ],
)
def test_a_request_that_cannot_be_met_says_what_to_do(
    command: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


@pytest.mark.usefixtures("environment")
def test_a_layer_without_pictures_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requeue", "m290_job42_000009_melt"]) == 1
    assert capsys.readouterr().out == "m290_job42_000009_melt: there is no picture of it\n"
