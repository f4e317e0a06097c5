import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.settings import IngestSettings, Printer, printer_of
from ingest.source import Oddity, Source, SourceDownError
from layerwatch.settings import load_settings

Reports = list[tuple[Oddity, str]]


@pytest.fixture
def printer(tmp_path: Path) -> Printer:
    (tmp_path / "incoming").mkdir()
    return printer_of(load_settings(IngestSettings, sources_dir=tmp_path / "incoming", max_depth=2))


@pytest.fixture
def reports() -> Reports:
    return []


@pytest.fixture
def source(printer: Printer, reports: Reports) -> Source:
    return Source(printer, lambda oddity, path: reports.append((oddity, path)))


@pytest.fixture
def write(source: Source, png: Callable[[int], bytes]) -> Callable[[str], Path]:
    def write(name: str) -> Path:
        path = source.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(1))
        return path

    return write


def paths(source: Source) -> list[str]:
    return sorted(found.path for found in source.scan())


def test_pictures_are_found_down_to_the_depth_limit(
    source: Source, write: Callable[[str], Path], reports: Reports
) -> None:
    for name in (
        "A0001a.PNG",
        "job/A0001a.PNG",
        "job/two/A0001a.PNG",
        "job/two/three/A0001a.PNG",
        ".snapshot/A0001a.PNG",
    ):
        write(name)

    assert paths(source) == ["A0001a.PNG", "job/A0001a.PNG", "job/two/A0001a.PNG"]
    assert reports == [(Oddity.TOO_DEEP, "job/two/three")]
    assert source.look("job/two/three/A0001a.PNG") is None
    assert source.look(".snapshot/A0001a.PNG") is None


def test_the_build_is_the_folder_or_the_name_of_the_watched_one(source: Source) -> None:
    named, unnamed = source.key("job 42/A0001a.PNG"), source.key("A0001a.PNG")

    assert named is not None
    assert unnamed is not None
    assert named[0].build.startswith("job-42-")
    assert unnamed[0].build == "incoming"


def test_files_of_other_kinds_and_names_being_written_are_left_alone(
    source: Source, write: Callable[[str], Path], reports: Reports
) -> None:
    for name in ("A0001a.PNG", "A0002a.PNG.part", "log.txt", ".A0003a.PNG", "A0004z.PNG"):
        write(name)

    assert paths(source) == ["A0001a.PNG"]
    assert {oddity for oddity, _ in reports} == {Oddity.UNMATCHED}


def test_what_is_no_file_and_what_leads_out_is_left_alone(
    source: Source, write: Callable[[str], Path], reports: Reports, tmp_path: Path, png: Callable[[int], bytes]
) -> None:
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "A0009a.PNG").write_bytes(png(1))
    os.mkfifo(source.root / "A0001a.PNG")
    (source.root / "A0002a.PNG").mkdir()
    (source.root / "A0003a.PNG").symlink_to(outside / "A0009a.PNG")
    (source.root / "A0004a.PNG").symlink_to("nowhere")
    (source.root / "A0005a.PNG").symlink_to("A0005a.PNG")
    (source.root / "linked").symlink_to(outside)
    (source.root / "A0007a.PNG").symlink_to(write("store/A0007a.PNG"))

    assert paths(source) == ["A0007a.PNG", "store/A0007a.PNG"]
    assert sorted(reports) == [
        (Oddity.LINK_OUT, "A0003a.PNG"),
        (Oddity.LINKED_FOLDER, "linked"),
        (Oddity.NO_FILE, "A0001a.PNG"),
        (Oddity.NO_FILE, "A0002a.PNG"),
    ]
    assert [source.look(f"A000{number}a.PNG") for number in range(1, 6)] == [None] * 5


def test_a_link_in_a_circle_hides_nothing_beside_it(
    source: Source, reports: Reports, write: Callable[[str], Path]
) -> None:
    write("B0001a.PNG")
    write("job/B0002a.PNG")
    for folder in (source.root, source.root / "job"):
        (folder / "loop").symlink_to("loop")

    assert paths(source) == ["B0001a.PNG", "job/B0002a.PNG"]
    assert sorted(reports) == [(Oddity.UNMATCHED, "job/loop"), (Oddity.UNMATCHED, "loop")]


def test_a_name_that_is_no_text_is_left_alone(
    source: Source, write: Callable[[str], Path], reports: Reports, png: Callable[[int], bytes]
) -> None:
    write("job\n7/A0001a.PNG")
    Path(os.fsdecode(os.fsencode(source.root) + b"/\xff")).mkdir()
    with open(os.fsencode(source.root) + b"/A0002\xffa.PNG", "wb") as file:  # noqa: PTH123 - a name in bytes
        file.write(png(1))

    assert paths(source) == ["job\n7/A0001a.PNG"]
    assert [oddity for oddity, _ in reports] == [Oddity.BAD_NAME, Oddity.BAD_NAME]


def test_a_folder_that_is_away_is_down_and_not_empty(source: Source) -> None:
    source.root.rename(source.root.with_name("unmounted"))

    with pytest.raises(SourceDownError):
        list(source.scan())
    with pytest.raises(SourceDownError):
        source.identity()
