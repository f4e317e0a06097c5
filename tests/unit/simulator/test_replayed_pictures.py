from pathlib import Path

import cv2
import numpy as np
import pytest

from simulator.__main__ import main
from simulator.replay import find_pictures


def put_pictures(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), np.full((8, 8), number, np.uint8))
    return folder


def replay(source: Path, out: Path, *arguments: str) -> int:
    return main(["replay", "--source", str(source), "--out", str(out), "--period", "0", *arguments])


def test_numbers_in_names_are_sorted_as_numbers(tmp_path: Path) -> None:
    source = put_pictures(tmp_path, "Image10.png", "Image2.png", "b/Image1.png")

    pictures = [str(name) for name in find_pictures(source).pictures]

    assert pictures == ["Image2.png", "Image10.png", "b/Image1.png"]


def test_pictures_are_copied_byte_by_byte_with_their_folders(tmp_path: Path) -> None:
    source = put_pictures(tmp_path / "source", "Image1.png", "job/Image2.png")

    assert replay(source, tmp_path / "out") == 0

    for name in ("Image1.png", "job/Image2.png"):
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes()


def test_what_is_no_picture_is_skipped_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = put_pictures(tmp_path / "source", "Image1.png")
    (source / "notes.txt").write_text("hello")
    (source / "fake.png").write_text("hello")

    assert replay(source, tmp_path / "out") == 0

    said = capsys.readouterr()
    assert "notes.txt is no picture" in said.err
    assert "fake.png is no picture" in said.err
    assert said.out.splitlines()[-1] == "1 layer sets, 1 files"


@pytest.mark.parametrize("made", [True, False])
def test_a_source_without_pictures_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, made: bool
) -> None:
    source = tmp_path / "source"
    if made:
        source.mkdir()

    assert replay(source, tmp_path / "out") == 2
    assert str(source) in capsys.readouterr().err


def test_layers_limits_how_many_layer_sets_come(tmp_path: Path) -> None:
    names = [f"{stage}000{layer}{light}.png" for layer in (1, 2) for stage in "AB" for light in "abc"]
    source = put_pictures(tmp_path / "source", *names)

    replay(source, tmp_path / "out", "--layers", "2", "--profile", "nist-ammt")

    written = sorted(path.name[:5] for path in (tmp_path / "out").iterdir())
    assert written == ["A0001"] * 3 + ["A0002"] * 3


def test_the_watched_folder_may_not_lie_in_the_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = put_pictures(tmp_path / "source", "Image1.png")

    assert replay(source, source / "out") == 2
    assert "outside" in capsys.readouterr().err


def test_a_copy_replaces_nothing_unasked(tmp_path: Path) -> None:
    source = put_pictures(tmp_path / "source", "Image1.png")

    assert [replay(source, tmp_path / "out"), replay(source, tmp_path / "out")] == [0, 2]
    assert replay(source, tmp_path / "out", "--overwrite") == 0
