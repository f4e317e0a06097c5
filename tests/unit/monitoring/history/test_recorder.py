"""What the recorder does with what it reads, beside a stream that is made up, on a real SQLite."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from prometheus_client import CollectorRegistry
from redis.exceptions import ConnectionError as RedisConnectionError

from layerwatch.artifacts import ArtifactFolder, open_artifacts
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import Entry
from monitoring.history.catch_up import CatchUp
from monitoring.history.database import open_database
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.metrics import RecorderMetrics
from monitoring.history.migrate import migrate
from monitoring.history.recorder import Observer, Recorder
from monitoring.history.records import Published
from monitoring.history.source import Batch
from monitoring.history.store import HistoryStore, Position

VerdictMaker = Callable[..., Verdict]
BEFORE = datetime(2000, 1, 1, tzinfo=UTC)


class MadeUpStream:
    """Gives out batches one after the other, and then stops the recorder."""

    def __init__(self, batches: list[list[Verdict]], stop: threading.Event) -> None:
        self._batches = batches
        self._stop = stop
        self._count = 0

    def after(self, at: Position, *, wait_seconds: float) -> Batch:
        del wait_seconds
        if not self._batches:
            self._stop.set()
            return Batch(entries=(), cursor=at.cursor, count=self._count)
        entries = []
        for verdict in self._batches.pop(0):
            self._count += 1
            entries.append(Entry(cursor=f"{self._count}-0", body=verdict.to_json().encode()))
        return Batch(entries=tuple(entries), cursor=f"{self._count}-0", count=self._count)


class Watcher:
    """An observer that fails as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.seen: list[int] = []
        self._failures = list(failures)

    def see(self, verdict: Verdict) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.seen.append(verdict.layer)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Callable[..., RecorderMetrics]]:
    """Records batches to their end: `record([[verdict], [verdict]], watcher, recent=...)`."""
    engine = open_database(f"sqlite:///{tmp_path}/history.sqlite3")
    (tmp_path / "artifacts").mkdir()

    def run(
        batches: list[list[Verdict]], *observers: Observer, recent: Callable[[], list[Verdict]] = list
    ) -> RecorderMetrics:
        stop, store, metrics = threading.Event(), HistoryStore(engine), RecorderMetrics(CollectorRegistry())
        recorder = Recorder(
            store,
            MadeUpStream(batches, stop),
            prepare=lambda: migrate(engine),
            catch_up=CatchUp(store, open_artifacts(tmp_path / "artifacts"), metrics),
            metrics=metrics,
            recent=recent,
            observers=observers,
        )
        recorder.run(stop)
        return metrics

    yield run
    engine.dispose()


def test_observers_see_what_is_new_once_and_in_order(
    record: Callable[..., RecorderMetrics], some_verdict: VerdictMaker
) -> None:
    verdicts = [some_verdict(layer=layer) for layer in range(5)]
    watchers = Watcher(), Watcher()

    metrics = record([verdicts[2:4], [verdicts[3], verdicts[0]], [verdicts[1], verdicts[4]]], *watchers)

    assert [watcher.seen for watcher in watchers] == [[2, 3, 0, 1, 4]] * 2
    assert metrics.at is not None
    assert (metrics.at.cursor, metrics.at.entries) == ("6-0", 6)


def test_at_the_start_observers_are_shown_the_builds_in_progress_again(
    record: Callable[..., RecorderMetrics], some_verdict: VerdictMaker
) -> None:
    watcher = Watcher()

    record([[some_verdict(layer=9)]], watcher, recent=lambda: [some_verdict(layer=7), some_verdict(layer=8)])

    assert watcher.seen[:3] == [7, 8, 9]


def test_what_an_observer_could_not_deal_with_is_shown_again_before_anything_else(
    record: Callable[..., RecorderMetrics], some_verdict: VerdictMaker
) -> None:
    watcher = Watcher(RedisConnectionError("away"), RedisConnectionError("away"))

    record([[some_verdict(layer=1), some_verdict(layer=2)], [some_verdict(layer=3)]], watcher)

    assert watcher.seen == [1, 2, 3]


def test_an_observer_that_breaks_does_not_end_the_history(
    record: Callable[..., RecorderMetrics], some_verdict: VerdictMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, watcher = Watcher(KeyError("a bug")), Watcher()

    record([[some_verdict(layer=1), some_verdict(layer=2)]], broken, watcher)

    assert (broken.seen, watcher.seen) == ([2], [1, 2])
    assert "observer_failed" in capsys.readouterr().out


def test_a_verdict_that_no_database_can_hold_is_counted_and_the_others_are_written(
    record: Callable[..., RecorderMetrics], some_verdict: VerdictMaker
) -> None:
    body = some_verdict(layer=1).to_json()
    captured = json.loads(body)["timing"]["captured"]
    odd = Verdict.from_json(body.replace(captured, "0001-01-01T00:00:00+05:00"))
    watcher = Watcher()

    metrics = record([[odd, some_verdict(layer=2)]], watcher)

    assert watcher.seen == [2]
    assert metrics.unreadable._value.get() == 1


def test_what_another_recorder_wrote_is_shown_too(tmp_path: Path, some_verdict: VerdictMaker) -> None:
    engine, stop, watcher = open_database(f"sqlite:///{tmp_path}/history.sqlite3"), threading.Event(), Watcher()
    migrate(engine)
    store, metrics = HistoryStore(engine), RecorderMetrics(CollectorRegistry())
    store.fill_gaps(1)
    theirs = some_verdict(layer=7)

    class Overtaken(MadeUpStream):
        def after(self, at: Position, *, wait_seconds: float) -> Batch:
            if at.cursor == "0":
                written = Published(body=theirs.to_json(), verdict=theirs)
                store.advance([written], behind="0", cursor="1-0", entries=1)
            return super().after(at, wait_seconds=wait_seconds)

    Recorder(
        store,
        Overtaken([[theirs]], stop),
        prepare=lambda: None,
        catch_up=CatchUp(store, open_artifacts(tmp_path), metrics),
        metrics=metrics,
        recent=lambda: LayerQueries(engine).in_progress(since=BEFORE, builds_at_most=9, layers_of_each=9),
        observers=[watcher],
    ).run(stop)
    engine.dispose()

    assert watcher.seen == [7]


def test_a_catch_up_goes_on_at_the_build_that_could_not_be_read(tmp_path: Path, some_verdict: VerdictMaker) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/history.sqlite3")
    migrate(engine)
    read: list[str] = []

    class Stumbling(ArtifactFolder):
        def paths(self, path: PurePosixPath) -> Iterator[PurePosixPath]:
            if path.name.startswith("job"):
                read.append(path.name)
                if read == ["job1", "job2"]:
                    raise TimeoutError(path)
            return super().paths(path)

    artifacts, store = Stumbling(tmp_path / "artifacts"), HistoryStore(engine)
    for build in ("job1", "job2"):
        verdict = some_verdict(build=build)
        artifacts.write(verdict.key.folder / "verdict.json", verdict.to_json().encode())
    catch_up = CatchUp(store, artifacts, RecorderMetrics(CollectorRegistry()), pause=0.01)

    catch_up.start(1)
    while store.position().has_gap:
        time.sleep(0.01)
    catch_up.stop()
    engine.dispose()

    assert read == ["job1", "job2", "job2"]
