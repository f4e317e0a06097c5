"""`python -m monitoring record` on real databases and a real Redis, killed, cut off and left behind."""

import random
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine, func, select, text

from layerwatch.events import EventKind
from layerwatch.redis_events import RedisEvents
from layerwatch.redis_results import LEDGER, RedisResults
from layerwatch.verdict import Decision, Verdict
from layerwatch.verdict_stream import STREAM
from monitoring.history.database import open_database, writing
from monitoring.history.migrate import migrate
from monitoring.history.notes import Notes
from monitoring.history.store import HistoryStore
from monitoring.history.tables import revisions
from tests.conftest import free_port
from tests.integration.monitoring.history.conftest import dump, stream_bodies
from tests.postgres import running_postgres
from worker.artifacts import ArtifactStore

pytestmark = pytest.mark.redis
VerdictMaker = Callable[..., Verdict]
Eventually = Callable[[Callable[[], object]], None]
Start = Callable[..., Any]
KILLS = 3


class Server(Protocol):
    url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Plant:
    """A Redis, a folder of artifacts, and recorders that are started beside them."""

    def __init__(self, client: Redis, folder: Path, start: Start, some_verdict: VerdictMaker) -> None:
        self.redis = client
        self.artifacts = ArtifactStore(folder)
        self.some_verdict = some_verdict
        self._start = start
        self._url = "redis://127.0.0.1:{port}/0".format(**client.connection_pool.connection_kwargs)

    def record(self, database_url: str, *, port: int = 0) -> Any:  # noqa: ANN401 - a Process of conftest
        return self._start(
            "record",
            url=self._url,
            MONITORING_DATABASE_URL=database_url,
            MONITORING_RECORD_METRICS_PORT=str(port),
        )

    def publish(self, verdicts: Iterable[Verdict]) -> None:
        """Write and publish verdicts as a worker does."""
        results = RedisResults(self.redis)
        for verdict in verdicts:
            self.artifacts.write_verdict(verdict)
            assert results.publish(verdict)

    def verdicts(self, layers: range) -> list[Verdict]:
        """Return verdicts of three builds; every fifth layer is rejected, every fiftieth has two revisions."""
        model, made = self.some_verdict().model, list[Verdict]()
        for layer in layers:
            bad = layer % 5 == 0
            decision, areas = (Decision.REJECT, (900, 40)) if bad else (Decision.PASS, ())
            made.append(self.some_verdict(build=f"job{layer % 3}", layer=layer, decision=decision, areas_px=areas))
            if layer % 50 == 0:
                made.append(self.some_verdict(build=f"job{layer % 3}", layer=layer, revision=2))
        return [verdict.model_copy(update={"model": model}) for verdict in made]

    def bodies(self) -> list[str]:
        entries: Any = self.redis.xrange(STREAM)
        return sorted(fields[b"verdict"].decode() for _, fields in entries)

    def is_written(self, engine: Engine) -> bool:
        last: Any = self.redis.xrevrange(STREAM, count=1)
        position = HistoryStore(engine).position()
        return position.cursor == last[0][0].decode() and not position.has_gap


@pytest.fixture
def plant(any_redis: Redis, tmp_path: Path, start: Start, some_verdict: VerdictMaker) -> Plant:
    folder = tmp_path / "artifacts"  # where processes of `start` look for them
    folder.mkdir()
    return Plant(any_redis, folder, start, some_verdict)


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(revisions)) or 0


def health(port: int) -> dict[str, bool]:
    try:
        checks: dict[str, bool] = httpx.get(f"http://127.0.0.1:{port}/health", timeout=15).json()["checks"]
    except httpx.TransportError:
        return {}
    return checks


def metric(port: int, name: str) -> float | None:
    """Return a metric of the history, None while there is none."""
    try:
        page = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=15).text
    except httpx.TransportError:
        return None
    found = re.search(rf"^layerwatch_history_{name} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else None


def test_the_history_is_the_stream_however_often_the_recorder_is_killed(
    plant: Plant, database_url: str, eventually: Eventually
) -> None:
    engine, results, chance = open_database(database_url), RedisResults(plant.redis), random.Random(11)
    migrate(engine)
    verdicts = plant.verdicts(range(1000))
    kills: list[int] = []

    def publish_all() -> None:
        for number, verdict in enumerate(verdicts):
            results.publish(verdict)
            while len(kills) < KILLS and number > len(verdicts) * (len(kills) + 1) // (KILLS + 1):
                time.sleep(0.01)  # there is more to write for the recorder that is killed next

    publishing = threading.Thread(target=publish_all)
    publishing.start()
    for _ in range(KILLS):
        before, process = count(engine), plant.record(database_url)
        eventually(lambda before=before: count(engine) > before)  # type: ignore[misc]  # a lambda with a default
        time.sleep(chance.uniform(0, 0.1))
        process.popen.kill()
        process.popen.wait()
        kills.append(count(engine))
    publishing.join()
    process = plant.record(database_url)
    eventually(lambda: plant.is_written(engine))

    assert process.stop() == 0
    assert len(verdicts) == 1020
    assert stream_bodies(engine) == plant.bodies()
    engine.dispose()


def test_a_mark_that_stays_is_told_once_and_kept_though_the_recorder_is_killed(
    plant: Plant, database_url: str, eventually: Eventually
) -> None:
    engine, channel = open_database(database_url), RedisEvents(plant.redis)
    layers = [plant.some_verdict(layer=layer, decision=Decision.REVIEW, areas_px=(900,)) for layer in range(1, 9)]

    def told() -> list[EventKind]:
        return [event.kind for _, event in channel.since("0", wait_seconds=0.01)]

    process = plant.record(database_url)
    plant.publish(layers[:3])
    eventually(lambda: told() == [EventKind.DEFECT_PERSISTS])
    process.popen.kill()
    process.popen.wait()
    process = plant.record(database_url)
    plant.publish(layers[3:])
    eventually(lambda: plant.is_written(engine) and len(told()) > 1)

    assert process.stop() == 0
    assert told() == [EventKind.DEFECT_PERSISTS, EventKind.BUILD_AT_RISK]
    kept = Notes(engine).events(layers[0].printer, layers[0].build)
    assert [event.body for event in kept] == [event.to_json() for _, event in channel.since("0", wait_seconds=0.01)]
    engine.dispose()


def test_what_the_stream_lost_is_read_from_the_artifacts(
    plant: Plant, new_database: Callable[[str], str], eventually: Eventually
) -> None:
    database_url = new_database("sqlite")
    engine = open_database(database_url)
    migrate(engine)
    verdicts = plant.verdicts(range(120))

    plant.publish(verdicts[:40])
    process = plant.record(database_url)
    eventually(lambda: plant.is_written(engine))
    process.popen.kill()
    process.popen.wait()
    plant.publish(verdicts[40:80])
    plant.redis.xtrim(STREAM, maxlen=10, approximate=False)
    process = plant.record(database_url)
    eventually(lambda: plant.is_written(engine))
    assert count(engine) == 80
    assert "verdicts_missed" in process.said()

    plant.redis.delete(STREAM, LEDGER)  # as a Redis that was wiped
    plant.publish(verdicts[80:])
    eventually(lambda: plant.is_written(engine))

    assert process.stop() == 0
    assert stream_bodies(engine) == sorted(verdict.to_json() for verdict in verdicts)
    engine.dispose()


def test_a_hole_in_the_stream_is_filled_from_the_artifacts_and_passed_once(
    plant: Plant, new_database: Callable[[str], str], eventually: Eventually
) -> None:
    database_url = new_database("sqlite")
    engine = open_database(database_url)
    migrate(engine)
    verdicts = plant.verdicts(range(40))
    plant.publish(verdicts)
    entries: Any = plant.redis.xrange(STREAM)
    plant.redis.xdel(STREAM, *[name for name, _ in entries[10:15]])

    process = plant.record(database_url)
    eventually(lambda: plant.is_written(engine) and count(engine) == len(verdicts))
    gaps = HistoryStore(engine).position().gaps

    assert process.stop() == 0
    assert gaps == 2  # that of a new history, and the hole
    assert stream_bodies(engine) == sorted(verdict.to_json() for verdict in verdicts)
    engine.dispose()


def test_redis_and_database_may_go_and_come_back(
    own_redis_server: Server, tmp_path: Path, start: Start, some_verdict: VerdictMaker, eventually: Eventually
) -> None:
    port, client = free_port(), Redis.from_url(own_redis_server.url)
    plant = Plant(client, tmp_path / "artifacts", start, some_verdict)
    own_redis_server.stop()
    with running_postgres() as database:
        url = database.new_database("history")
        database.stop()
        process = plant.record(url, port=port)
        eventually(lambda: "history_away" in process.said())
        assert health(port) == {"redis": False, "history": False, "loop": True}
        assert metric(port, "up") == 0

        database.start()
        eventually(lambda: "redis_away" in process.said())
        own_redis_server.start()
        plant.publish(plant.verdicts(range(1, 5)))
        eventually(lambda: metric(port, "verdicts_total") == 4)
        assert set(health(port).values()) == {True}

        database.stop()
        plant.publish(plant.verdicts(range(5, 10)))
        database.start()
        eventually(lambda: metric(port, "verdicts_total") == 9)
        own_redis_server.stop()
        eventually(lambda: not health(port)["redis"])
        own_redis_server.start()
        plant.publish(plant.verdicts(range(10, 15)))
        eventually(lambda: metric(port, "verdicts_total") == 14)

        engine = open_database(url)
        assert stream_bodies(engine) == plant.bodies()
        assert process.stop() == 0
        assert "Traceback" not in process.said()
        engine.dispose()


def test_the_lag_is_told_while_the_database_does_not_take_anything(
    plant: Plant, new_database: Callable[[str], str], eventually: Eventually
) -> None:
    port, url = free_port(), new_database("sqlite")
    process = plant.record(url, port=port)
    plant.publish(plant.verdicts(range(1, 5)))
    eventually(lambda: metric(port, "verdicts_total") == 4)
    eventually(lambda: metric(port, "catching_up") == 0)
    engine = open_database(url)

    with writing(engine) as connection:
        connection.execute(text("UPDATE progress SET gaps = gaps"))  # nobody else may write now
        plant.publish(plant.verdicts(range(5, 8)))
        eventually(lambda: metric(port, "lag_verdicts") == 3)
        assert (metric(port, "lag_seconds") or 0) > 0
        assert metric(port, "verdicts_total") == 4

    eventually(lambda: metric(port, "verdicts_total") == 7)
    assert (metric(port, "lag_verdicts"), metric(port, "lag_seconds"), metric(port, "up")) == (0, 0, 1)
    assert process.stop(signal.SIGINT) == 0
    engine.dispose()


def test_an_entry_that_is_no_verdict_is_counted_and_passed_over(
    plant: Plant, new_database: Callable[[str], str], eventually: Eventually
) -> None:
    port = free_port()
    plant.redis.xadd(STREAM, {"verdict": "{}"})
    plant.redis.xadd(STREAM, {"other": "x"})
    plant.publish(plant.verdicts(range(1, 3)))

    process = plant.record(new_database("sqlite"), port=port)

    eventually(lambda: metric(port, "verdicts_total") == 2)
    assert metric(port, "unreadable_total") == 2
    assert process.said().count("verdict_unreadable") == 2


def test_a_database_of_a_newer_layerwatch_is_refused(plant: Plant, new_database: Callable[[str], str]) -> None:
    url = new_database("sqlite")
    engine = open_database(url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    process = plant.record(url)

    assert process.popen.wait(timeout=15) == 2
    assert "written by a newer one" in process.said()
    assert "Traceback" not in process.said()


def test_the_command_migrate_says_what_it_did(start: Start, new_database: Callable[[str], str]) -> None:
    about = {"MONITORING_DATABASE_URL": new_database("sqlite")}

    processes = [start("migrate", url="redis://127.0.0.1:1/0", **about) for _ in range(2)]

    assert [process.popen.wait(timeout=15) for process in processes] == [0, 0]
    said = sorted(process.lines()[0] for process in processes)
    assert said == [b"migrated to revision 0002", b"the history has the tables of this version already"]


def test_the_password_of_the_database_is_not_told(start: Start) -> None:
    url = f"postgresql://layerwatch:very-secret@127.0.0.1:{free_port()}/history"

    process = start("migrate", url="redis://127.0.0.1:1/0", MONITORING_DATABASE_URL=url)

    assert process.popen.wait(timeout=15) == 2
    assert "the history database does not answer" in process.said()
    assert "very-secret" not in process.said()


def test_what_a_recorder_wrote_a_rebuild_writes_from_the_artifacts_alone(
    plant: Plant, new_database: Callable[[str], str], start: Start, eventually: Eventually
) -> None:
    urls = [new_database("sqlite"), new_database("sqlite")]
    engines = [open_database(url) for url in urls]
    migrate(engines[0])
    process = plant.record(urls[0])
    plant.publish(plant.verdicts(range(100)))
    eventually(lambda: plant.is_written(engines[0]))
    assert process.stop() == 0

    rebuilding = start("rebuild", url="redis://127.0.0.1:1/0", MONITORING_DATABASE_URL=urls[1])

    assert rebuilding.popen.wait(timeout=30) == 0
    assert rebuilding.lines() == [b"3 builds, 102 verdicts, 102 of them new to the history, 0 files unreadable"]

    assert dump(engines[1]) == dump(engines[0])
    for engine in engines:
        engine.dispose()
