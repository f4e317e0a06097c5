from pathlib import Path

import pytest

from layerwatch.atomic import write_atomic
from layerwatch.errors import UnsafePathError
from layerwatch.paths import inside


def test_a_path_below_the_root_is_found(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "A.PNG").touch()

    assert inside(tmp_path, "job/A.PNG") == tmp_path.resolve() / "job" / "A.PNG"


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "/etc/passwd", ".", "", "a\0b"])
def test_a_path_that_leaves_its_root_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UnsafePathError):
        inside(tmp_path, path)


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").touch()
    (tmp_path / "root" / "link.png").symlink_to(tmp_path / "secret")

    with pytest.raises(UnsafePathError):
        inside(tmp_path / "root", "link.png")


def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.png").symlink_to(tmp_path / "other.png")
    (tmp_path / "other.png").symlink_to(tmp_path / "one.png")

    with pytest.raises(UnsafePathError):
        inside(tmp_path, "one.png")


def test_an_atomic_write_replaces_the_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "verdict.json"

    write_atomic(target, b"old")
    write_atomic(target, b"new")

    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["verdict.json"]


def test_a_failed_atomic_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()

    with pytest.raises(OSError, match="directory"):
        write_atomic(target, b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
