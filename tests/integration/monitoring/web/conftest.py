"""A page as a process, beside a Redis, a history and a folder of pictures that the tests of a file fill together."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine

from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.store import HistoryStore
from tests.conftest import RedisServer
from tests.integration.monitoring.conftest import Process, wait_until
from tests.integration.monitoring.history.conftest import published


@dataclass(kw_only=True)
class Plant:
    """What a page reads; tests share it, and tell theirs apart by the names of builds."""

    folder: Path
    engine: Engine
    redis: Redis
    redis_url: str

    @property
    def sources(self) -> Path:
        return self.folder / "incoming"

    def record(self, *verdicts: Verdict) -> None:
        """Write verdicts into the history, as the recorder does."""
        HistoryStore(self.engine).take_in([published(verdict) for verdict in verdicts])

    def publish(self, *verdicts: Verdict) -> None:
        for verdict in verdicts:
            assert RedisResults(self.redis).publish(verdict)

    @contextmanager
    def page(self, **environment: str) -> Iterator[httpx.Client]:
        """Yield a client of a page that runs beside it, with the folders of this plant unless told otherwise."""
        around = {
            "REDIS_URL": self.redis_url,
            "SOURCES_DIR": str(self.sources),
            "ARTIFACTS_DIR": str(self.folder / "artifacts"),
            "MONITORING_DATABASE_URL": f"sqlite:///{self.folder}/history/history.sqlite3",
            **environment,
        }
        process = Process(self.folder / f"page-{os.urandom(4).hex()}", ("serve", "--port", "0"), around)
        try:
            with httpx.Client(base_url=process.address(), timeout=20) as client:
                wait_until(lambda: client.get("/health").status_code == 200)
                yield client
        finally:
            process.stop()
            assert "Traceback" not in process.said()


@pytest.fixture(scope="module")
def plant(any_redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    (folder / "incoming").mkdir()
    redis = Redis.from_url(any_redis_server.url)
    redis.flushall()
    engine = open_database(f"sqlite:///{folder}/history/history.sqlite3")
    migrate(engine)
    yield Plant(folder=folder, engine=engine, redis=redis, redis_url=any_redis_server.url)
    engine.dispose()
    redis.close()


@pytest.fixture(scope="module")
def page(plant: Plant) -> Iterator[httpx.Client]:
    """A client of the page that all tests of a file ask."""
    with plant.page() as client:
        yield client


@pytest.fixture
def build(request: pytest.FixtureRequest) -> str:
    """The name of a build that no other test has."""
    return f"job-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]}"


@pytest.fixture
def of_build(build: str, some_verdict: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """The builder of verdicts, about that build."""

    def make(**about: object) -> Verdict:
        return some_verdict(build=build, **about)

    return make
