"""The users of Redis: with theirs all roles do all of their work, and each is refused what it does not need."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, cast

import httpx
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from layerwatch.job import InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.redis_pictures import RedisPictures
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.results import Subscription
from layerwatch.verdict import Decision, Verdict
from layerwatch.verdict_stream import STREAM
from tests.conftest import any_server_binary, free_port, redis_binary, valkey_binary
from tests.guarded_redis import GuardedRedis, guarded_redis
from tests.processes import end
from tests.worker_processes import children, until, with_waiting, worker_environment
from trainer.jobs.board import Board, State

pytestmark = pytest.mark.redis
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
USERS = ("ingest", "worker", "page", "recorder", "trainer", "subscriber", "health")
NOBODY_MAY = (
    "CONFIG GET requirepass", "ACL LIST", "ACL SETUSER eve on nopass +@all ~*", "FLUSHALL", "FLUSHDB", "KEYS *",
    "SHUTDOWN NOSAVE", "MONITOR", "SAVE", "BGREWRITEAOF", "REPLICAOF NO ONE", "SCRIPT FLUSH",
    "MODULE LIST", "CLIENT KILL TYPE normal", "CLIENT LIST", "SET a-key-of-nobody 1", "GET a-key-of-nobody",
    "PUBLISH a-channel-of-nobody 1", "SWAPDB 0 1", "DEL layerwatch:verdicts layerwatch:events",
)  # fmt: skip
MAY_NOT = {
    "ingest": (
        "XADD layerwatch:verdicts * verdict {}",
        "PUBLISH layerwatch:verdicts {}",
        "XTRIM layerwatch:verdicts MAXLEN 0",
        "BLMOVE rq:queue:inspect rq:queue:inspect:intermediate LEFT RIGHT 1",
        "RPUSH rq:queue:train x",
        "HSET layerwatch:train:x state finished",
        "XADD layerwatch:events * event {}",
    ),
    "worker": (
        "RPUSH rq:queue:train x",
        "HSET layerwatch:train:x state finished",
        "HSET layerwatch:sources m290 {}",
        "XADD layerwatch:events * event {}",
        "XTRIM layerwatch:verdicts MAXLEN 0",
        "SUBSCRIBE layerwatch:verdicts",
    ),
    "page": (
        "XADD layerwatch:verdicts * verdict {}",
        "PUBLISH layerwatch:verdicts {}",
        "HSET layerwatch:ledger x 0-0",
        "XTRIM layerwatch:verdicts MAXLEN 0",
        "RPUSH rq:queue:train x",
        "SORT rq:queue:inspect STORE rq:queue:train",
        "HSET layerwatch:sources m290 {}",
    ),
    "recorder": (
        "XADD rq:results:x * a b",
        "RPUSH rq:queue:inspect x",
        "HSET layerwatch:ledger x 0-0",
        "PUBLISH layerwatch:verdicts {}",
        "HGETALL rq:job:x",
        "GET layerwatch:picture:x",
    ),
    "trainer": (
        "XADD layerwatch:verdicts * verdict {}",
        "RPUSH rq:queue:inspect x",
        "HSET layerwatch:ledger x 0-0",
        "GET layerwatch:picture:x",
        "XRANGE layerwatch:verdicts - +",
    ),
    "subscriber": (
        "XADD layerwatch:verdicts * verdict {}",
        "PUBLISH layerwatch:verdicts {}",
        "HGETALL rq:job:x",
        "XTRIM layerwatch:verdicts MAXLEN 0",
        "XGROUP DESTROY layerwatch:verdicts group",
        "HGETALL layerwatch:ledger",
        "SUBSCRIBE rq:pubsub:x",
        "GET layerwatch:picture:x",
    ),
    "health": ("INFO", "XRANGE layerwatch:verdicts - +", "LLEN rq:queue:inspect", "SUBSCRIBE layerwatch:verdicts"),
}


class Written(Protocol):
    def __call__(self, sources: Path, *, layer: int, defect_px: int = 0) -> LayerSet: ...


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedRedis]:
    with guarded_redis(_binary(), tmp_path_factory.mktemp("guarded")) as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GuardedRedis]:
    folder = tmp_path / "guarded"
    folder.mkdir()
    with guarded_redis(_binary(), folder) as one:
        yield one


def _binary() -> Path:
    return any_server_binary() or pytest.skip("no such server on this machine")


class Site:
    """The roles as processes, each with its own user."""

    def __init__(self, folder: Path, server: GuardedRedis, bundle: Path, stack: ExitStack) -> None:
        self.server = server
        self.folder, self.sources, self.held = folder, folder / "incoming", folder / "held"
        self._log = folder / "log"
        self._stack = stack
        self.admin = stack.enter_context(server.client("admin"))
        self._settings = worker_environment("", folder, bundle) | {
            "INGEST_PRINTER": "m290",
            "INGEST_BUILD": "job42",
            "INGEST_SETTLE_SECONDS": "0.2",
            "INGEST_RESCAN_SECONDS": "0.5",
            "MONITORING_DATABASE_URL": f"sqlite:///{folder / 'history.sqlite3'}",
            "MONITORING_RECORD_METRICS_PORT": "0",
            "MONITORING_KEEP_STREAM_ENTRIES": "1",
            "WORKER_DEAD_AFTER_SECONDS": "4",  # a busy machine must not make living workers look dead
            "TRAINER_JOBS_DIR": str(folder / "jobs"),
            "COLUMNS": "300",
        }

    def environment(self, user: str, **settings: str) -> dict[str, str]:
        return {**self._settings, **self.server.environment(user), "PYTHONPATH": str(ROOT), **settings}

    def start(self, user: str, *words: str, **settings: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT, env=self.environment(user, **settings), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self._stack.callback(end, process)
        return process

    def call(self, user: str, *words: str, **settings: str) -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT, env=self.environment(user, **settings), capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
        assert "NoPermission" not in done.stderr, done.stderr
        assert done.returncode in {0, 1}, done.stderr
        return done.stdout

    @property
    def waiting(self) -> dict[str, str]:
        """The settings of workers that finish nothing as long as `held` is there."""
        return {"PYTHONPATH": with_waiting({}, self.folder, function="imencode", while_exists=self.held)["PYTHONPATH"]}

    def artifact_of(self, layer_set: LayerSet) -> Path:
        return self.folder / "artifacts" / layer_set.key.folder

    def verdicts(self) -> list[Verdict]:
        return [verdict for _, verdict in RedisResults(self.admin).since("0", wait_seconds=0.01)]

    def wait_for(self, count: int) -> list[Verdict]:
        until(lambda: len(self.verdicts()) >= count, seconds=PATIENCE)
        return self.verdicts()

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def site(tmp_path: Path, server: GuardedRedis, tiny_bundle: Path, sources: Path) -> Iterator[Site]:
    del sources  # the folder is made
    with ExitStack() as stack:
        yield Site(tmp_path, server, tiny_bundle, stack)


def test_all_roles_do_all_of_their_work_and_nothing_is_refused(site: Site, write_pictures: Written) -> None:
    first, broken = write_pictures(site.sources, layer=1, defect_px=900), write_pictures(site.sources, layer=2)
    site.start("recorder", "monitoring", "record")
    port = free_port()
    site.start("page", "monitoring", "serve", MONITORING_PORT=str(port))
    site.call("ingest", "ingest", "run", "--once")
    assert "2 inspections wait" in site.call("ingest", "ingest", "status")

    site.artifact_of(broken).parent.mkdir(parents=True)
    site.artifact_of(broken).write_text("in the way")  # it fails, is given up on, and asked for again by a person
    pool = site.start("worker", "worker", "pool", "--workers", "2", **site.waiting)
    until(lambda: site.admin.zcard("rq:wip:inspect") > 0, seconds=PATIENCE)
    for worker in children(pool.pid):
        os.kill(worker, signal.SIGKILL)
    site.held.unlink()
    assert {verdict.decision for verdict in site.wait_for(2)} == {Decision.REJECT, Decision.INVALID}
    until(lambda: str(broken.key) in site.call("ingest", "ingest", "quarantine", "list"), seconds=PATIENCE)
    site.artifact_of(broken).unlink()
    assert "queued as revision 2" in site.call("ingest", "ingest", "quarantine", "retry", "--all")
    assert "queued as revision 2" in site.call("ingest", "ingest", "requeue", str(first.key))
    site.wait_for(4)

    third = write_pictures(site.sources, layer=3)
    ingest = site.start("ingest", "ingest", "run", INGEST_SEND="bytes")
    until(lambda: str(third.key) in {str(verdict.key) for verdict in site.verdicts()}, seconds=PATIENCE)
    until(lambda: site.admin.zcard("layerwatch:pictures:until") == 0, seconds=PATIENCE)
    metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert "layerwatch_redis_up 1.0" in metrics
    assert 'layerwatch_queue_jobs{state="queued"} 0.0' in metrics
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    assert "m290" in httpx.get(f"http://127.0.0.1:{port}/").text
    until(lambda: site.call("recorder", "monitoring", "prune", "--dry-run").count("stream") > 0, seconds=PATIENCE)
    for process in (ingest, pool):
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0

    assert site.server.refusals() == [], site.log
    assert "NoPermission" not in site.log
    for user in USERS:
        assert site.server.password(user) not in site.log


@pytest.mark.torch
def test_the_trainer_works_and_the_jobs_are_seen_and_cancelled(site: Site) -> None:
    site.start("trainer", "trainer", "work", TRAINER_METRICS_PORT=str(port := free_port()))
    options = ("--images", "nowhere", "--masks", "nowhere", "--profile", "nist-ammt", "--steps", "1")
    job = site.call("trainer", "trainer", "submit", "mine", *options).strip()

    until(lambda: Board(site.admin).read(job).get("state") == State.FAILED, seconds=PATIENCE)
    assert job in site.call("trainer", "trainer", "jobs")
    assert httpx.get(f"http://127.0.0.1:{port}/health").json()["checks"] == {"redis": True}
    assert site.server.refusals() == [], site.log


def test_a_program_that_subscribes_hears_and_reads_what_is_published(
    server: GuardedRedis, some_message: Callable[..., InspectLayer], verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    with server.client("subscriber") as client, server.client("worker") as worker, client.pubsub() as heard:
        heard.subscribe(STREAM)
        assert heard.get_message(timeout=5)

        RedisResults(worker).publish(verdict_about(some_message(layer=7)))

        message = cast("dict[str, Any]", heard.get_message(timeout=5))
        assert Verdict.from_json(message["data"]).layer == 7
        assert [entry.verdict().layer for entry in Subscription(client, after="0").until_quiet(0.01)] == [7]
        client.xgroup_create(STREAM, "plant", "0")
        ((_, entries),) = cast("list[Any]", client.xreadgroup("plant", "one", {STREAM: ">"}))
        assert client.xack(STREAM, "plant", entries[0][0]) == 1
    assert server.refusals() == []


def test_the_page_queues_what_people_have_checked_and_reads_how_far_it_is(
    server: GuardedRedis, some_message: Callable[..., InspectLayer]
) -> None:
    message, sha256 = some_message(), "0" * 64
    with server.client("page") as client:
        pictures, queue = RedisPictures(client), RedisQueue(client)
        assert pictures.reserve(message.id, {sha256: 3}, live=True)
        pictures.put(sha256, b"abc")
        assert queue.enqueue(message, ahead=queue.ends_in_backlog())
        assert queue.holds(message.id)
        assert pictures.get(sha256) == b"abc"
        assert not RedisResults(client).is_published(message.id)
        pictures.discard(message.id)
    assert server.refusals() == []


@pytest.mark.parametrize("find_binary", [redis_binary, valkey_binary])
def test_what_the_users_wrote_outlives_the_server(
    tmp_path: Path,
    find_binary: Callable[[], Path | None],
    some_message: Callable[..., InspectLayer],
    verdict_about: Callable[[InspectLayer], Verdict],
) -> None:
    """Servers replay transactions with the rights of the default user, and pass over what those do not allow."""
    binary = find_binary() or pytest.skip("no such server on this machine")
    message, waiting = some_message(layer=7), some_message(layer=8)
    with (
        guarded_redis(binary, tmp_path) as server,
        server.client("ingest") as ingest,
        server.client("worker") as worker,
    ):
        RedisQueue(ingest).enqueue(waiting, ahead=False)
        assert RedisResults(worker).publish(verdict_about(message))

    with guarded_redis(binary, tmp_path) as server, server.client("admin") as admin:
        assert RedisResults(admin).is_published(message.id)
        assert [entry.verdict().layer for entry in Subscription(admin, after="0").until_quiet(0.01)] == [7]
        assert RedisQueue(admin).holds(waiting.id)


@pytest.mark.parametrize("user", USERS)
def test_a_user_is_refused_what_it_does_not_need(shared: GuardedRedis, user: str) -> None:
    with shared.client(user) as client:
        assert client.ping()
        for command in (*NOBODY_MAY, *MAY_NOT[user]):
            with pytest.raises(NoPermissionError):
                client.execute_command(*command.split())


def test_nobody_gets_in_without_a_password_or_with_that_of_another(shared: GuardedRedis) -> None:
    stranger = f"redis://127.0.0.1:{shared.port}/0"
    with Redis.from_url(stranger) as client, pytest.raises(AuthenticationError):
        client.ping()
    with Redis.from_url(stranger, password="") as client, pytest.raises(AuthenticationError):
        client.get("a")
    for user in USERS:
        wrong = {"username": user, "password": shared.password("admin")}
        with Redis.from_url(stranger, **wrong) as client, pytest.raises(AuthenticationError):
            client.ping()
