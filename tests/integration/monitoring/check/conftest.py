"""A page and a worker as processes on a Redis of their own, and pictures to upload."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_lowercase

import httpx
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE
from layerwatch.redis_pictures import KEYS
from monitoring.redis_metrics import worker_states
from tests.conftest import any_server_binary, running_server
from tests.integration.monitoring.conftest import Process, wait_until
from tests.integration.monitoring.plant_parts import living_worker
from tests.unit.monitoring.check.conftest import png
from tests.worker_processes import ROOT, worker_environment

Files = list[tuple[str, tuple[str, bytes]]]


def pictures(*contents: bytes, names: str = "B0002{light}.PNG") -> Files:
    """Return the parts of a form, one a light."""
    lights = ascii_lowercase[: len(contents)]
    return [("pictures", (names.format(light=light), content)) for light, content in zip(lights, contents, strict=True)]


def three_lights(**about: int) -> Files:
    return pictures(*(png(size=(160, 200), seed=seed + about.get("seed", 0)) for seed in range(3)))


class Shop:
    """Where uploads are inspected: everything runs until the module is through."""

    def __init__(self, url: str, folder: Path, bundle: Path, stack: ExitStack) -> None:
        self.url = url
        self.redis = Redis.from_url(url)
        self.folder = folder
        self._bundle = bundle
        self._stack = stack
        (folder / "incoming").mkdir()

    def page(self, **environment: str) -> httpx.Client:
        """Start a page, and return a client of it."""
        around = {
            "REDIS_URL": self.url,
            "ARTIFACTS_DIR": str(self.folder / "artifacts"),
            "MONITORING_AUDIT_FILE": str(self.folder / "audit.jsonl"),
            "MONITORING_USERS_FILE": str(self.folder / "users.toml"),
            "MONITORING_CHECKS_PER_MINUTE": "10000",
            "MONITORING_DATABASE_URL": f"sqlite:///{self.folder}/none.sqlite3",
            **environment,
        }
        process = Process(self.folder / f"page-{len(list(self.folder.iterdir()))}", ("serve", "--port", "0"), around)
        self._stack.callback(_end, process.popen)
        client = self._stack.enter_context(httpx.Client(base_url=process.address(), timeout=60))
        wait_until(lambda: client.get("/health").status_code == 200)
        return client

    def worker(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker that sees no pictures but those in Redis."""
        around = worker_environment(self.url, self.folder, self._bundle) | environment
        with (self.folder / "workers.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "worker", "run"], env=around, cwd=ROOT, stdout=log, stderr=log
            )
        self._stack.callback(_end, worker)
        return worker

    def wait_for_a_worker(self) -> None:
        wait_until(lambda: worker_states(self.redis, datetime.now(UTC))["idle"])


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Path) -> Iterator[Callable[[], Shop]]:
    """Opens shops, each on a Redis of its own."""
    with ExitStack() as stack:

        def run() -> Shop:
            folder = tmp_path_factory.mktemp("shop")
            server = stack.enter_context(running_server(any_server_binary(), folder))
            return Shop(server.url, folder, tiny_bundle, stack)

        yield run


@pytest.fixture(scope="module")
def shop(open_shop: Callable[[], Shop]) -> Shop:
    """One with a worker that inspects."""
    opened = open_shop()
    opened.worker()
    opened.wait_for_a_worker()
    return opened


@pytest.fixture(scope="module")
def page(shop: Shop) -> httpx.Client:
    return shop.page()


@pytest.fixture(scope="module")
def idle_shop(open_shop: Callable[[], Shop]) -> Shop:
    """One where nobody inspects; see `jobs`."""
    return open_shop()


@pytest.fixture(scope="module")
def idle_page(idle_shop: Shop) -> httpx.Client:
    return idle_shop.page(MONITORING_CHECK_ROOM_MB="1")


@pytest.fixture
def jobs(idle_shop: Shop) -> Iterator[Queue]:
    """The queue of the idle shop, with no job, no picture, and a worker that says that it lives and takes nothing."""
    queue = Queue(INSPECT_QUEUE, connection=idle_shop.redis, serializer=JSONSerializer)
    with living_worker(idle_shop.redis):
        yield queue
    queue.empty()  # type: ignore[no-untyped-call]  # RQ has no annotation here
    idle_shop.redis.delete(*KEYS)
