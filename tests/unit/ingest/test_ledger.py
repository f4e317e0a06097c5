import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest import intake as intake_module
from ingest.examine import Examined, examine
from ingest.feed import Sink
from ingest.intake import Clocks
from ingest.ledger import DiskLedger, ledger_file
from ingest.service import Ingest
from ingest.settings import IngestSettings, printer_of
from ingest.settling import Stamp
from layerwatch.artifacts import ArtifactFolder
from layerwatch.layers import Shape
from layerwatch.memory import InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.settings import load_settings

PICTURE = Examined(stamp=Stamp(7, 10**18), sha256=b"x" * 32, whole=True, shape=Shape(32, 24, 16))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "ledger.sqlite"


@pytest.fixture
def ledger(file: Path) -> Iterator[DiskLedger]:
    ledger = DiskLedger(file)
    yield ledger
    ledger.close()


def test_what_was_saved_is_known_to_the_next(ledger: DiskLedger, file: Path) -> None:
    ledger.note("a/B0001a.PNG", PICTURE)
    ledger.close()

    again = DiskLedger(file)

    assert again.recall("a/B0001a.PNG", PICTURE.stamp) == PICTURE
    assert again.recall("a/B0001b.PNG", PICTURE.stamp) is None
    again.close()


@pytest.mark.parametrize("stamp", [Stamp(8, 10**18), Stamp(7, 10**18 + 1)])
def test_a_file_that_changed_is_unknown(ledger: DiskLedger, stamp: Stamp) -> None:
    ledger.note("a.png", PICTURE)

    assert ledger.recall("a.png", PICTURE.stamp) == PICTURE
    assert ledger.recall("a.png", stamp) is None


@pytest.mark.parametrize(
    "examined",
    [
        Examined(stamp=PICTURE.stamp, sha256=b"x" * 32, whole=False),
        Examined(stamp=PICTURE.stamp, sha256=b"x" * 32, whole=True),
        Examined(stamp=PICTURE.stamp, sha256=b"x" * 32, whole=True, trouble="the file cannot be read"),
    ],
)
def test_what_is_wrong_with_a_file_is_found_out_again(ledger: DiskLedger, examined: Examined) -> None:
    ledger.note("a.png", examined)

    assert ledger.recall("a.png", examined.stamp) is None


def test_files_that_are_gone_are_dropped(ledger: DiskLedger) -> None:
    ledger.note("a.png", PICTURE)
    ledger.note("b.png", PICTURE)

    ledger.forget(["a.png"])

    assert (ledger.recall("a.png", PICTURE.stamp), ledger.recall("b.png", PICTURE.stamp)) == (None, PICTURE)


def test_a_crash_before_saving_costs_only_what_was_not_saved(ledger: DiskLedger, file: Path) -> None:
    ledger.note("a.png", PICTURE)
    ledger.save()
    ledger.note("b.png", PICTURE)

    other = DiskLedger(file)  # the first one is never closed, as after a kill

    assert (other.recall("a.png", PICTURE.stamp), other.recall("b.png", PICTURE.stamp)) == (PICTURE, None)
    other.close()


@pytest.mark.parametrize("damage", [b"", b"this is no database, but long enough to be taken for one" * 40])
def test_a_damaged_ledger_is_replaced(file: Path, damage: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(damage)

    ledger = DiskLedger(file)
    ledger.note("a.png", PICTURE)

    assert ledger.recall("a.png", PICTURE.stamp) == PICTURE
    ledger.close()


def test_a_ledger_of_another_version_is_replaced(ledger: DiskLedger, file: Path) -> None:
    ledger.note("a.png", PICTURE)
    ledger.close()
    with sqlite3.connect(file) as database:
        database.execute("pragma user_version = 99")
    database.close()

    newer = DiskLedger(file)

    assert newer.recall("a.png", PICTURE.stamp) is None
    newer.note("a.png", PICTURE)
    assert newer.recall("a.png", PICTURE.stamp) == PICTURE
    newer.close()


def test_without_a_place_to_write_ingest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")

    ledger = DiskLedger(tmp_path / "taken" / "ledger.sqlite")
    ledger.note("a.png", PICTURE)
    ledger.save()

    assert ledger.recall("a.png", PICTURE.stamp) is None


def test_each_folder_of_each_printer_has_its_own(tmp_path: Path) -> None:
    files = {ledger_file(tmp_path, name, root) for name in ("one", "two") for root in (Path("/in/a"), Path("/in/b"))}

    assert len(files) == 4


def test_a_restart_reads_only_what_changed(
    tmp_path: Path, file: Path, png: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "incoming"
    root.mkdir()
    for number, light in enumerate("abc"):
        (root / f"B0001{light}.PNG").write_bytes(png(number))
    read: list[str] = []

    def spy(path: Path) -> Examined | None:
        read.append(path.name)
        return examine(path)

    monkeypatch.setattr(intake_module, "examine", spy)
    queue, results = InMemoryQueue(), InMemoryResults()
    sink = Sink(queue=queue, ledger=results, sources=InMemorySources(), artifacts=ArtifactFolder(tmp_path))
    printer = printer_of(load_settings(IngestSettings, sources_dir=root))
    clocks = Clocks(steady=lambda: 1000.0, wall=lambda: 4e9, cpu=lambda: 0.0)

    Ingest(printer, sink, ledger=DiskLedger(file), clocks=clocks).run(once=True)
    first = sorted(read)
    read.clear()
    (root / "B0001b.PNG").write_bytes(png(77))
    Ingest(printer, sink, ledger=DiskLedger(file), clocks=clocks).run(once=True)

    assert first == ["B0001a.PNG", "B0001b.PNG", "B0001c.PNG"]
    assert read == ["B0001b.PNG"]
    assert [message.revision for message in queue.messages] == [1, 2]
