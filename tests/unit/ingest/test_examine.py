import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest import examine as examining
from ingest.examine import examine, understand
from layerwatch.layers import Shape


def test_a_whole_picture_is_whole_and_has_its_digest(tmp_path: Path, png: Callable[[int], bytes]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(1))

    found = examine(path)

    assert found is not None
    assert found.whole
    assert found.shape == Shape(32, 24, 16)
    assert found.sha256 == hashlib.sha256(png(1)).digest()
    assert found.stamp.size == len(png(1))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_picture_that_is_cut_off_is_not_whole(tmp_path: Path, png: Callable[[int], bytes], share: float) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(1)[: int(share * len(png(1)))])

    found = examine(path)

    assert found is not None
    assert not found.whole


def test_a_file_that_is_too_large_is_not_read_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "MAX_FILE_BYTES", 4 << 20)
    path, other = tmp_path / "a.png", tmp_path / "b.png"
    for file, size in ((path, 5 << 20), (other, 6 << 20)):
        with file.open("wb") as sparse:
            sparse.truncate(size)

    found, different = examine(path), examine(other)

    assert found is not None
    assert different is not None
    assert found.trouble == "the file is larger than 512 MiB"
    assert found.whole
    assert found.sha256 == hashlib.sha256(b"%d:" % (5 << 20) + bytes(1 << 20)).digest()
    assert found.sha256 != different.sha256


def test_a_pipe_in_the_place_of_a_file_blocks_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")

    with pytest.raises(FileNotFoundError):
        examine(tmp_path / "a.png")


def test_a_reader_that_breaks_on_a_hostile_file_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(content: bytes) -> None:
        raise IndexError(len(content))

    monkeypatch.setattr(examining, "declare", broken)

    assert understand(b"hostile") == (True, None)
