"""A page as a process, beside a Redis, a history and a folder of pictures that a test fills."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine

from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.store import HistoryStore
from tests.integration.monitoring.conftest import Process, wait_until
from tests.integration.monitoring.history.conftest import published


@dataclass(kw_only=True)
class Plant:
    """Where the page reads: fill it before or after the page runs."""

    engine: Engine
    redis: Redis
    sources: Path
    database_url: str

    def record(self, *verdicts: Verdict) -> None:
        HistoryStore(self.engine).take_in([published(verdict) for verdict in verdicts])

    def publish(self, *verdicts: Verdict) -> None:
        for verdict in verdicts:
            assert RedisResults(self.redis).publish(verdict)


@pytest.fixture
def plant(any_redis: Redis, tmp_path: Path) -> Iterator[Plant]:
    sources = tmp_path / "incoming"
    sources.mkdir()
    url = f"sqlite:///{tmp_path}/history/history.sqlite3"
    engine = open_database(url)
    migrate(engine)
    yield Plant(engine=engine, redis=any_redis, sources=sources, database_url=url)
    engine.dispose()


def url_of(client: Redis) -> str:
    return "redis://127.0.0.1:{port}/0".format(**client.connection_pool.connection_kwargs)


@pytest.fixture
def page(plant: Plant, start: Callable[..., Process]) -> Iterator[httpx.Client]:
    """A client of a running page; a test that wants it without a history sets `plant.database_url` before."""
    environment: dict[str, Any] = {
        "SOURCES_DIR": str(plant.sources),
        "MONITORING_DATABASE_URL": plant.database_url,
    }
    address = start("serve", "--port", "0", url=url_of(plant.redis), **environment).address()
    with httpx.Client(base_url=address, timeout=20) as client:
        wait_until(lambda: client.get("/health").status_code == 200)
        yield client
