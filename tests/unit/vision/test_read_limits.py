from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.errors import UnreadablePictureError
from layerwatch.pictures import read_file
from layerwatch.vision.containers.declared import IncompleteError
from layerwatch.vision.containers.sniff import declare
from layerwatch.vision.read import read_picture, read_picture_bytes


def test_too_many_pixels_are_refused_before_decoding(
    make_png: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    bomb = make_png(60_000, 60_000, bits=16, colour=0, rows=b"")

    with pytest.raises(UnreadablePictureError, match="too large: 60000 x 60000"):
        read_picture_bytes(bomb)


def test_a_limit_on_pixels_is_kept(encode: Callable[..., bytes], grey8: NDArray[np.uint8]) -> None:
    content = encode(".png", grey8)

    assert read_picture_bytes(content, max_pixels=grey8.size).pixels.size == grey8.size
    with pytest.raises(UnreadablePictureError, match="the limits are 1960 pixels"):
        read_picture_bytes(content, max_pixels=grey8.size - 1)


def test_a_file_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(bytes((1 << 20) + 1))

    with pytest.raises(UnreadablePictureError, match="larger than 1 MiB"):
        read_file(path, most=1 << 20)
    assert len(read_file(path)) == (1 << 20) + 1


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePictureError, match="not a regular file"):
        read_picture(tmp_path)


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "gone.png")


@pytest.mark.parametrize("content", [b"", b"hello", b"GIF89a" + bytes(100), bytes(5000), b"BM", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused_with_the_path(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)

    with pytest.raises(UnreadablePictureError, match=r"x\.png: ") as caught:
        read_picture(path)

    assert caught.value.path == path
    with pytest.raises(IncompleteError):
        declare(content)


def test_whole_files_declare_their_size(whole_files: dict[str, bytes]) -> None:
    for name, content in whole_files.items():
        declared = declare(content)

        assert declared.width > 0, name
        assert declared.height > 0, name


def test_a_whole_file_that_cannot_be_used_is_refused_with_the_reason(
    encode: Callable[..., bytes], grey8: NDArray[np.uint8], tmp_path: Path
) -> None:
    path = tmp_path / "float.tiff"
    path.write_bytes(encode(".tiff", grey8.astype(np.float32)))

    with pytest.raises(UnreadablePictureError, match="floating-point"):
        read_picture(path)
