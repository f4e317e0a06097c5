"""Histories in real databases, SQLite and PostgreSQL, and all that they hold in one value that can be compared."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from layerwatch.verdict import Verdict
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.records import Published
from monitoring.history.store import HistoryStore
from monitoring.history.tables import builds, layers, models, regions, revisions, tallies
from tests.postgres import PostgresServer, running_postgres

Dump = dict[str, list[Any]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """An empty database; every test that uses it runs on both kinds."""
    return new_database(request.param)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """A maker of empty databases: `new_database("sqlite")`."""
    made: list[str] = []

    def make(kind: str) -> str:
        name = f"{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}-{len(made)}"
        made.append(name)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/history/{name}.sqlite3"
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.new_database(name)

    return make


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty history with its tables."""
    engine = open_database(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> HistoryStore:
    return HistoryStore(engine)


def published(verdict: Verdict) -> Published:
    return Published(body=verdict.to_json(), verdict=verdict)


def dump(engine: Engine) -> Dump:
    """Return all that verdicts have written, known by names and not by the numbers of rows."""
    layer = builds.c.printer, builds.c.name, layers.c.layer, layers.c.stage
    of_layers = layers.join(builds)
    of_revisions = revisions.join(of_layers)
    wanted = {
        "builds": select(*_without_ids(builds)),
        "layers": select(builds.c.name, *_without_ids(layers)).select_from(of_layers),
        "revisions": select(*layer, *_without_ids(revisions), *_without_ids(models)).select_from(
            of_revisions.outerjoin(models)
        ),
        "regions": select(revisions.c.inspection, *_without_ids(regions)).select_from(regions.join(revisions)),
        "tallies": select(builds.c.printer, builds.c.name, *_without_ids(tallies)).select_from(tallies.join(builds)),
        "models": select(*_without_ids(models)),
    }
    with engine.connect() as connection:
        return {name: sorted(map(tuple, connection.execute(each)), key=repr) for name, each in wanted.items()}


def _without_ids(table: Any) -> list[Any]:  # noqa: ANN401 - a Table, whose columns have no types
    return [column for column in table.c if column.name != "id" and not column.name.endswith("_id")]


def stream_bodies(engine: Engine) -> list[str]:
    """Return the bodies of all verdicts in the history, in order."""
    with engine.connect() as connection:
        return sorted(connection.scalars(select(revisions.c.body)))
