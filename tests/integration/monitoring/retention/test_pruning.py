"""Overlays and masks that are removed, and those that never are."""

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert

from layerwatch.artifacts import Artifacts
from layerwatch.verdict import Decision
from monitoring.__main__ import main
from monitoring.history.database import writing
from monitoring.history.from_artifacts import build_folders
from monitoring.history.notes import Correction, EventRecord, Notes
from monitoring.history.rebuild import rebuild
from monitoring.history.store import HistoryStore
from monitoring.history.tables import corrections
from monitoring.retention.periodic import EVERY_SECONDS, FIRST_SECONDS, Retention, RetentionMetrics, retention_of
from monitoring.retention.pruning import Pruned
from monitoring.retention.stream import Trimmed
from monitoring.settings import MonitoringSettings
from tests.integration.monitoring.conftest import wait_until
from tests.integration.monitoring.retention.conftest import MASK, NOW, OVERLAY, Store

LAYER = len(OVERLAY) + len(MASK)


def test_old_layers_lose_their_pictures_and_keep_their_verdict(anywhere: Store) -> None:
    for layer, days in ((1, 100), (2, 95), (3, 85), (4, 80)):
        anywhere.add(layer=layer, days_ago=days)

    done = anywhere.prune(days=90)

    assert anywhere.pictured() == [3, 4]
    assert anywhere.answered() == [1, 2, 3, 4]
    (printer,) = done.printers
    assert (printer.files, printer.removed, printer.left) == (4, 2 * LAYER, 2 * LAYER)


def test_of_too_many_bytes_the_oldest_go_until_the_rest_fits(anywhere: Store) -> None:
    anywhere.add(build="job41", layer=1, days_ago=30)
    for layer, days in ((1, 9), (2, 10), (3, 8)):  # layer 2 is older than 1
        anywhere.add(layer=layer, days_ago=days)

    anywhere.prune(size=2 * LAYER + 100)

    assert (anywhere.pictured("job41"), anywhere.pictured()) == ([], [1, 3])


def test_each_printer_has_the_bytes_for_itself(store: Store) -> None:
    store.add(layer=1, days_ago=9)
    store.add(layer=2, days_ago=8)
    store.add(printer="x", layer=1, days_ago=30)

    done = store.prune(size=LAYER)

    assert {each.printer: each.left for each in done.printers} == {"m290": LAYER, "x": LAYER}
    assert store.pictured() == [2]


def test_what_was_rejected_corrected_or_named_by_an_event_is_kept(anywhere: Store) -> None:
    verdicts = {
        layer: anywhere.add(layer=layer, days_ago=100, decision=Decision.REJECT if layer == 1 else Decision.REVIEW)
        for layer in range(1, 7)
    }
    _tell_of(anywhere, verdicts[4].id, last=5)
    _correct(anywhere, verdicts[3].id)
    _mistype_a_correction(anywhere)

    anywhere.prune(days=1, size=0)

    assert anywhere.pictured() == [1, 3, 4, 5]


def test_a_layer_that_was_rejected_in_an_earlier_revision_is_kept(store: Store) -> None:
    store.add(layer=1, days_ago=100, decision=Decision.REJECT)
    store.add(layer=1, days_ago=99, revision=2)
    store.add(layer=2, days_ago=99)

    store.prune(days=1)

    assert store.pictured() == [1]


def test_a_build_in_progress_is_kept_whole(store: Store) -> None:
    store.add(layer=1, days_ago=100)
    store.add(layer=2, days_ago=0.5)
    store.add(build="job41", layer=1, days_ago=1.5)

    store.prune(days=1, size=0)

    assert (store.pictured(), store.pictured("job41")) == ([1, 2], [])


def test_what_the_history_does_not_know_is_kept(store: Store) -> None:
    store.add(layer=1, days_ago=100, recorded=False)
    store.add(layer=2, days_ago=100)
    store.add(layer=2, days_ago=99, revision=2, recorded=False)
    store.add(layer=3, days_ago=100)

    done = store.prune(days=1, size=0)

    assert store.pictured() == [1, 2]
    assert done.printers[0].left == 2 * LAYER


def test_a_picture_that_was_just_written_is_kept(store: Store) -> None:
    store.add(layer=1, days_ago=100)

    store.prune(days=1, now=datetime.now(UTC))

    assert store.pictured() == [1]


def test_nothing_is_removed_while_the_history_has_a_gap(store: Store) -> None:
    store.add(layer=1, days_ago=100)
    HistoryStore(store.engine).start_over("0")

    done = store.prune(days=1)

    assert (done.waits, store.pictured()) == (True, [1])
    assert done.printers[0].left == LAYER


def test_without_a_limit_everything_is_kept(store: Store) -> None:
    store.add(layer=1, days_ago=5000)

    done = store.prune()

    assert (store.pictured(), done.printers[0].left) == ([1], LAYER)


def test_a_dry_run_says_the_same_and_removes_nothing(anywhere: Store) -> None:
    for layer in (1, 2, 3):
        anywhere.add(layer=layer, days_ago=100 - layer)

    promised = anywhere.prune(size=LAYER, dry_run=True)
    assert anywhere.pictured() == [1, 2, 3]

    assert anywhere.prune(size=LAYER).printers == promised.printers
    assert anywhere.pictured() == [3]


def test_pruning_again_removes_nothing_more(anywhere: Store) -> None:
    for layer in (1, 2):
        anywhere.add(layer=layer, days_ago=100)
    anywhere.prune(days=1)

    again = anywhere.prune(days=1)

    assert (again.printers[0].files, again.printers[0].left) == (0, 0)


class Failing:
    """Artifacts whose next removals fail after a while, as where a disk goes away."""

    def __init__(self, inner: Artifacts, *, removals: int) -> None:
        self._inner = inner
        self._left = removals

    def __getattr__(self, name: str) -> Callable[..., object]:
        method: Callable[..., object] = getattr(self._inner, name)
        return method

    def remove(self, path: PurePosixPath) -> None:
        if not self._left:
            raise OSError("gone")
        self._left -= 1
        self._inner.remove(path)


def test_what_was_broken_off_is_finished_by_the_next_pass(store: Store) -> None:
    for layer in (1, 2, 3):
        store.add(layer=layer, days_ago=100)
    broken = replace(store, artifacts=Failing(store.artifacts, removals=3))  # type: ignore[arg-type]  # it passes all on

    with pytest.raises(OSError, match="gone"):
        broken.prune(days=1)
    done = store.prune(days=1)

    assert (done.printers[0].files, done.printers[0].left) == (3, 0)
    assert (store.pictured(), store.answered()) == ([], [1, 2, 3])


def test_the_history_is_rebuilt_from_what_is_left(store: Store) -> None:
    for layer in (1, 2, 3):
        store.add(layer=layer, days_ago=100)
    store.prune(days=1)

    done = rebuild(HistoryStore(store.engine), store.artifacts, tuple(build_folders(store.artifacts)))

    assert (done.verdicts, done.new, done.unreadable) == (3, 0, 0)


@pytest.fixture
def prune(
    store: Store, history_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs the command: `prune("--dry-run", MONITORING_KEEP_DAYS="90")` returns what it says."""
    port = store.redis.connection_pool.connection_kwargs["port"]
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}/0")
    monkeypatch.setenv("MONITORING_DATABASE_URL", history_url)
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "artifacts"))

    def run(*arguments: str, **environment: str) -> str:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(["prune", *arguments]) == 0
        return capsys.readouterr().out

    return run


def test_the_command_says_what_is_left_and_that_all_is_kept(store: Store, prune: Callable[..., str]) -> None:
    store.add(layer=1, days_ago=100)

    said = prune()

    assert "everything is kept: set MONITORING_KEEP_DAYS" in said
    assert "m290: removed 0 overlays and masks, 0 B; 4.0 kB left" in said
    assert "stream: removed 0 verdicts; 0 left" in said


def test_the_command_says_why_a_limit_is_not_reached(store: Store, prune: Callable[..., str]) -> None:
    store.add(layer=1, days_ago=100, decision=Decision.REJECT)

    assert "4.0 kB left; more than 1.0 kB" in prune("--dry-run", MONITORING_KEEP_GB="0.000001")


def test_the_command_says_where_redis_is_away_and_the_artifacts_are_done(
    store: Store, history_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.add(layer=1, days_ago=100)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("MONITORING_DATABASE_URL", history_url)
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "artifacts"))

    assert main(["prune"]) == 2

    out, err = capsys.readouterr()
    assert "m290: removed 0 overlays and masks" in out
    assert "Redis does not answer; prune again for the stream" in err


class Passes:
    """Passes that a test lets end."""

    def __init__(self, done: Pruned) -> None:
        self.count = 0
        self.go = threading.Event()
        self._done = done

    def run(self, now: datetime, *, stopped: Callable[[], bool]) -> Pruned:
        assert now.tzinfo is UTC
        self.count += 1
        while not (self.go.wait(0.01) or stopped()):
            pass
        if self.count == 2:
            raise OSError("the share is away")
        return self._done


@pytest.fixture
def passes(store: Store) -> Passes:
    store.add(layer=1, days_ago=100)
    return Passes(Pruned(printers=store.prune(days=1).printers, stream=Trimmed(removed=0, left=0), waits=False))


def test_beside_the_recorder_a_pass_runs_when_it_is_due_and_only_one(passes: Passes) -> None:
    seconds = [0.0]
    registry = CollectorRegistry()
    retention = Retention(passes, RetentionMetrics(registry), clock=lambda: seconds[0])

    retention.run_when_due()
    assert passes.count == 0
    seconds[0] = FIRST_SECONDS
    retention.run_when_due()
    seconds[0] += EVERY_SECONDS
    retention.run_when_due()  # the first is still at it
    passes.go.set()
    retention.stop()

    assert passes.count == 1
    assert registry.get_sample_value("layerwatch_artifacts_bytes", {"printer": "m290"}) == 0
    assert registry.get_sample_value("layerwatch_pruned_artifacts_total") == 2


def test_the_recorder_has_a_retention_as_its_settings_say(store: Store, history_url: str, tmp_path: Path) -> None:
    store.add(layer=1, days_ago=100)
    os.utime(tmp_path / "artifacts/m290/job42/000001_melt/overlay.jpg", (0, 0))
    os.utime(tmp_path / "artifacts/m290/job42/000001_melt/mask.png", (0, 0))
    port = store.redis.connection_pool.connection_kwargs["port"]
    settings = MonitoringSettings(
        redis_url=f"redis://127.0.0.1:{port}/0",
        artifacts_dir=tmp_path / "artifacts",
        database_url=history_url,
        keep_days=90,
    )
    seconds = [0.0]
    retention = retention_of(settings, store.engine, CollectorRegistry(), clock=lambda: seconds[0])

    seconds[0] = FIRST_SECONDS
    retention.run_when_due()
    wait_until(lambda: store.pictured() == [])
    retention.stop()

    assert store.answered() == [1]


def test_a_pass_that_fails_is_followed_by_another(passes: Passes) -> None:
    passes.go.set()
    seconds = [0.0]
    retention = Retention(passes, RetentionMetrics(CollectorRegistry()), clock=lambda: seconds[0])

    for _ in range(3):
        seconds[0] += EVERY_SECONDS
        retention.run_when_due()
        retention.stop()

    assert passes.count == 3


def _tell_of(store: Store, inspection: str, *, last: int) -> None:
    body = {"schema": 7, "of": [{"somewhere": {"id": inspection, "note": "not_a_layer"}}]}
    event = EventRecord(
        id="e1",
        kind="build_at_risk",
        printer="m290",
        build="job42",
        layer=last,
        published=NOW,
        body=json.dumps(body),
    )
    Notes(store.engine).keep_event(event)


def _correct(store: Store, inspection: str) -> None:
    correction = Correction(
        inspection=inspection, kind="false-alarm", points=((1.0, 1.0),), author="a", note="", created=NOW
    )
    Notes(store.engine).correct(correction)


def _mistype_a_correction(store: Store) -> None:
    about = {"printer": "m290", "build": "job42", "kind": "ignore", "points": [], "author": "a", "note": ""}
    with writing(store.engine) as connection:
        connection.execute(insert(corrections).values(inspection="layer 7?", created=NOW, **about))
