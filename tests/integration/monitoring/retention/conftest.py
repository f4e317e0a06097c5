"""Builds of a printer with pictures that grow old, in a folder and in an object store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest
from redis import Redis
from sqlalchemy import Engine

from layerwatch.artifacts import Artifacts, Location, StoreUrl, open_artifacts
from layerwatch.verdict import Verdict
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.records import Published
from monitoring.history.store import HistoryStore
from monitoring.retention.pruning import KeepRules, Pruned, Pruning
from monitoring.retention.rules import Limits
from monitoring.retention.stream import StreamLimits
from tests.unit.monitoring.conftest import some_verdict

__all__ = ["some_verdict"]

NOW = datetime.now(UTC) + timedelta(days=2)  # so that files written by a test are old
OVERLAY, MASK = b"o" * 3000, b"m" * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A plant whose verdicts and pictures lie where they should."""

    engine: Engine
    artifacts: Artifacts
    redis: Redis
    make: Callable[..., Verdict]

    def add(self, *, days_ago: float, recorded: bool = True, **about: object) -> Verdict:
        """Write what a worker leaves behind, and the history if it should know."""
        verdict = self.make(published=NOW - timedelta(days=days_ago), **about)
        self.artifacts.write(verdict.key.folder / "overlay.jpg", OVERLAY)
        self.artifacts.write(verdict.key.folder / "mask.png", MASK)
        self.artifacts.write(verdict.key.folder / "verdict.json", verdict.to_json().encode())
        if recorded:
            HistoryStore(self.engine).take_in([Published(body=verdict.to_json(), verdict=verdict)])
        return verdict

    def prune(
        self, *, days: int | None = None, size: int | None = None, dry_run: bool = False, now: datetime = NOW
    ) -> Pruned:
        age = None if days is None else timedelta(days=days)
        rules = KeepRules(artifacts=Limits(age=age, size=size), stream=StreamLimits())
        pruning = Pruning(engine=self.engine, artifacts=self.artifacts, redis=self.redis, rules=rules)
        return pruning.run(now, dry_run=dry_run)

    def pictured(self, build: str = "job42") -> list[int]:
        """Return the layers of a build that have overlay and mask."""
        paths = list(self.artifacts.paths(PurePosixPath("m290", build)))
        overlays = [path.parent.name for path in paths if path.name == "overlay.jpg"]
        assert overlays == [path.parent.name for path in paths if path.name == "mask.png"]
        return [int(name.partition("_")[0]) for name in overlays]

    def answered(self, build: str = "job42") -> list[int]:
        """Return the layers of a build that have a verdict.json."""
        paths = self.artifacts.paths(PurePosixPath("m290", build))
        return [int(path.parent.name.partition("_")[0]) for path in paths if path.name == "verdict.json"]


@pytest.fixture(params=["folder", "s3"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    if request.param == "folder":
        return tmp_path / "artifacts"
    return StoreUrl.parse(request.getfixturevalue("s3_url"))


@pytest.fixture
def history_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/history/history.sqlite3"


@pytest.fixture
def engine(history_url: str) -> Iterator[Engine]:
    """A history that has read all artifacts that there were."""
    engine = open_database(history_url)
    migrate(engine)
    HistoryStore(engine).fill_gaps(1)
    yield engine
    engine.dispose()


@pytest.fixture
def anywhere(engine: Engine, location: Location, any_redis: Redis, some_verdict: Callable[..., Verdict]) -> Store:
    """Artifacts in a folder, and again in an object store."""
    return Store(engine=engine, artifacts=open_artifacts(location), redis=any_redis, make=some_verdict)


@pytest.fixture
def store(engine: Engine, tmp_path: Path, any_redis: Redis, some_verdict: Callable[..., Verdict]) -> Store:
    """Artifacts in a folder."""
    artifacts = open_artifacts(tmp_path / "artifacts")
    return Store(engine=engine, artifacts=artifacts, redis=any_redis, make=some_verdict)
