"""The history from artifacts alone, in a folder and in an object store."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy import Engine

from layerwatch.artifacts import Location, StoreUrl, open_artifacts
from layerwatch.verdict import Verdict
from monitoring.__main__ import main
from monitoring.history.database import open_database
from monitoring.history.from_artifacts import build_folders
from monitoring.history.migrate import migrate
from monitoring.history.rebuild import Rebuilt, rebuild
from monitoring.history.store import HistoryStore
from tests.integration.monitoring.history.conftest import dump, published
from worker.artifacts import ArtifactStore

VerdictMaker = Callable[..., Verdict]


@pytest.fixture
def engine(new_database: Callable[[str], str]) -> Engine:
    engine = open_database(new_database("sqlite"))
    migrate(engine)
    return engine


@pytest.fixture(params=["folder", "s3"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    return tmp_path if request.param == "folder" else StoreUrl.parse(request.getfixturevalue("s3_url"))


def write(location: Location, verdicts: list[Verdict]) -> None:
    store = ArtifactStore(location)
    for verdict in verdicts:
        store.write(verdict.key, "overlay.jpg", b"a picture")
        store.write_verdict(verdict)


def rebuilt(engine: Engine, location: Location, **which: str) -> Rebuilt:
    artifacts = open_artifacts(location)
    return rebuild(HistoryStore(engine), artifacts, tuple(build_folders(artifacts, **which)))


def test_all_verdicts_that_lie_there_are_written_once(
    engine: Engine, location: Location, some_verdict: VerdictMaker, new_database: Callable[[str], str]
) -> None:
    verdicts = [some_verdict(build=f"job{layer % 2}", layer=layer, areas_px=(90,)) for layer in range(9)]
    verdicts += [some_verdict(build="job1", layer=3, revision=revision) for revision in (2, 4, 3)]
    write(location, verdicts)

    assert rebuilt(engine, location) == Rebuilt(builds=2, verdicts=12, new=12)
    assert rebuilt(engine, location) == Rebuilt(builds=2, verdicts=12)

    other = open_database(new_database("sqlite"))
    migrate(other)
    HistoryStore(other).take_in([published(verdict) for verdict in verdicts])
    assert dump(engine) == dump(other)


def test_one_build_may_be_rebuilt_alone(engine: Engine, location: Location, some_verdict: VerdictMaker) -> None:
    write(location, [some_verdict(printer=printer, build=build) for printer in ("a", "b") for build in ("x", "y")])

    assert rebuilt(engine, location, printer="a", build="y") == Rebuilt(builds=1, verdicts=1, new=1)
    assert rebuilt(engine, location, build="y") == Rebuilt(builds=2, verdicts=2, new=1)
    assert rebuilt(engine, location, printer="b") == Rebuilt(builds=2, verdicts=2, new=1)


def test_files_that_are_no_verdict_of_their_layer_are_counted_and_passed_over(
    engine: Engine, tmp_path: Path, some_verdict: VerdictMaker
) -> None:
    verdict = some_verdict(layer=1)
    write(tmp_path, [verdict])
    artifacts = open_artifacts(tmp_path)
    copied, damaged = PurePosixPath("m290/copy/000001_melt"), PurePosixPath("m290/job42/000002_melt")
    artifacts.write(copied / "verdict.json", verdict.to_json().encode())
    artifacts.write(damaged / "verdict.json", verdict.to_json().encode()[:-9])
    artifacts.write(damaged / ".verdict.json.x.part", b"{")  # being written
    artifacts.write(PurePosixPath("m290/job42/notes/verdict.json"), b"{}")  # no layer
    artifacts.write(PurePosixPath("not a printer/job42/000001_melt/verdict.json"), b"{}")

    assert rebuilt(engine, tmp_path) == Rebuilt(builds=2, verdicts=1, new=1, unreadable=2)


@pytest.mark.parametrize("options", [[], ["--printer", "m290"]])
def test_without_artifacts_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setenv("MONITORING_DATABASE_URL", f"sqlite:///{tmp_path}/history.sqlite3")

    assert main(["rebuild", *options]) == 2

    assert "is ARTIFACTS_DIR right?" in capsys.readouterr().err


def test_files_that_cannot_be_read_end_it_with_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    open_artifacts(tmp_path / "artifacts").write(PurePosixPath("m290/job42/000002_melt/verdict.json"), b"{}")
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setenv("MONITORING_DATABASE_URL", f"sqlite:///{tmp_path}/history.sqlite3")

    assert main(["rebuild"]) == 1

    assert "1 builds, 0 verdicts, 0 of them new to the history, 1 files unreadable" in capsys.readouterr().out
