"""A copy of the history made beside its recorder, and what a host that was lost gets back from it."""

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from layerwatch.verdict import Verdict
from monitoring.__main__ import main
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.notes import Acknowledgement, Notes
from monitoring.history.store import HistoryStore
from tests.integration.monitoring.history.conftest import dump, published
from worker.artifacts import ArtifactStore

VerdictMaker = Callable[..., Verdict]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the history lies."""
    place = tmp_path / "history" / "history.sqlite3"
    monkeypatch.setenv("MONITORING_DATABASE_URL", f"sqlite:///{place}")
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "artifacts"))
    return place


def opened(place: Path) -> Engine:
    engine = open_database(f"sqlite:///{place}")
    migrate(engine)
    return engine


def note(verdict: Verdict) -> Acknowledgement:
    now = datetime.now(UTC)
    return Acknowledgement(
        subject=verdict.id, printer="m290", build="job42", author="Anna", note="known", created=now
    )  # fmt: skip


def test_a_copy_is_whole_while_verdicts_are_written(file: Path, some_verdict: VerdictMaker, tmp_path: Path) -> None:
    engine, stop, copy = opened(file), threading.Event(), tmp_path / "copy.sqlite3"
    store = HistoryStore(engine)
    store.take_in([published(some_verdict(layer=layer, areas_px=(90,) * 20)) for layer in range(1, 400)])

    def write() -> None:
        layer = 400
        while not stop.is_set():
            store.take_in([published(some_verdict(layer=layer))])
            layer += 1

    writing = threading.Thread(target=write)
    writing.start()
    try:
        assert main(["backup", str(copy)]) == 0
    finally:
        stop.set()
        writing.join()

    taken = dump(opened(copy))
    assert len(taken["layers"]) == len(taken["revisions"]) >= 399
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_a_lost_host_has_everything_back_from_the_copy_and_the_artifacts(
    file: Path, some_verdict: VerdictMaker, tmp_path: Path
) -> None:
    engine, copy = opened(file), tmp_path / "backup" / "history.sqlite3"
    verdicts = [some_verdict(layer=layer, areas_px=(90,)) for layer in range(1, 9)]
    artifacts = ArtifactStore(tmp_path / "artifacts")
    for verdict in verdicts:
        artifacts.write_verdict(verdict)
    HistoryStore(engine).take_in([published(verdict) for verdict in verdicts[:5]])
    Notes(engine).acknowledge(note(verdicts[0]))
    assert main(["backup", str(copy)]) == 0
    HistoryStore(engine).take_in([published(verdict) for verdict in verdicts[5:]])
    before, said = dump(engine), Notes(engine).acknowledgements("m290", "job42")
    engine.dispose()
    shutil.rmtree(file.parent)

    file.parent.mkdir()
    shutil.copy(copy, file)
    assert main(["rebuild"]) == 0

    assert dump(opened(file)) == before
    assert Notes(opened(file)).acknowledgements("m290", "job42") == said != ()


@pytest.mark.parametrize(
    ("url", "told"),
    [("sqlite:////nowhere/at/all.sqlite3", "there is no history at"), ("postgresql://u:secret@h/d", "pg_dump")],
)
def test_what_cannot_be_copied_is_told_and_an_earlier_copy_stays(
    url: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONITORING_DATABASE_URL", url)
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(b"an earlier one")

    assert main(["backup", str(copy)]) != 0

    said = capsys.readouterr().err
    assert told in said
    assert "secret" not in said
    assert copy.read_bytes() == b"an earlier one"


def test_a_damaged_history_does_not_take_the_place_of_a_good_copy(file: Path, tmp_path: Path) -> None:
    opened(file).dispose()
    with file.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * 8192)
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(b"an earlier one")

    assert main(["backup", str(copy)]) != 0
    assert copy.read_bytes() == b"an earlier one"
