from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layerwatch.errors import UnreadablePictureError
from layerwatch.vision.containers.declared import IncompleteError
from layerwatch.vision.containers.sniff import declare
from layerwatch.vision.read import read_picture_bytes

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


def is_whole(content: bytes) -> bool:
    try:
        declare(content)
    except IncompleteError:
        return False
    return True


def reason_against(content: bytes) -> str:
    """Return why the picture cannot be read, nothing if it can."""
    try:
        read_picture_bytes(content, max_pixels=1_000_000)
    except UnreadablePictureError as error:
        return error.reason
    return ""


def test_every_whole_file_can_be_read(whole_files: dict[str, bytes]) -> None:
    assert {name: reason_against(content) for name, content in whole_files.items()} == dict.fromkeys(whole_files, "")


def test_every_cut_is_told_from_a_whole_file(whole_files: dict[str, bytes]) -> None:
    for name, content in whole_files.items():
        for length in range(len(content)):
            assert not is_whole(content[:length]), f"{name} after {length} of {len(content)} bytes"


def test_cuts_are_unreadable_pictures(whole_files: dict[str, bytes]) -> None:
    for content in whole_files.values():
        for length in range(0, len(content), 97):
            with pytest.raises(UnreadablePictureError):
                read_picture_bytes(content[:length])


def test_a_cut_whose_rest_is_filled_with_zeros_is_refused(whole_files: dict[str, bytes]) -> None:
    """Some network shares give a file its full size before its content."""
    filled = {name: content[: len(content) // 2].ljust(len(content), b"\0") for name, content in whole_files.items()}
    unnoticed = {"bmp-8", "bmp-colour", "tiff-strips-big-endian"}  # black rows at the end cannot be told from these

    for name in filled.keys() - unnoticed:
        assert reason_against(filled[name]), name


@pytest.mark.parametrize("kind", ["tiff-lzw-8", "tiff-deflate-colour"])
def test_a_compressed_strip_that_was_never_written_is_refused(whole_files: dict[str, bytes], kind: str) -> None:
    content = bytearray(whole_files[kind])
    content[8 : len(content) // 2] = bytes(len(content) // 2 - 8)

    with pytest.raises(UnreadablePictureError):
        read_picture_bytes(bytes(content))


@shared
@given(data=st.data())
def test_a_damaged_file_is_refused_or_keeps_its_declared_size(
    whole_files: dict[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(whole_files)))
    content = bytearray(whole_files[name])
    places = st.integers(0, len(content) - 1) | st.integers(0, 64)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6)):
        content[place % len(content)] = value

    try:
        picture = read_picture_bytes(bytes(content), max_pixels=4_000_000)
    except UnreadablePictureError:
        return

    declared = declare(bytes(content))
    assert picture.pixels.shape == (declared.height, declared.width)
    assert picture.pixels.dtype in {np.dtype(np.uint8), np.dtype(np.uint16)}


@shared
@given(
    start=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]),
    rest=st.binary(max_size=300),
)
def test_any_bytes_behind_a_signature_are_refused_calmly(start: bytes, rest: bytes) -> None:
    assert reason_against(start + rest)


def test_a_png_chunk_with_a_wrong_checksum_is_refused(whole_files: dict[str, bytes]) -> None:
    content = bytearray(whole_files["png-16"])
    content[len(content) // 2] ^= 1

    with pytest.raises(UnreadablePictureError, match="does not match its checksum"):
        read_picture_bytes(bytes(content))


def test_a_png_with_too_few_rows_is_refused(make_png: Callable[..., bytes], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnreadablePictureError, match="cannot be decoded"):
        read_picture_bytes(make_png(8, 8, bits=8, colour=0, rows=bytes(9 * 4)))
    capfd.readouterr()


def test_an_animated_png_is_refused(png_chunk: Callable[[bytes, bytes], bytes], make_png: Callable[..., bytes]) -> None:
    control = png_chunk(b"acTL", bytes(8))

    with pytest.raises(UnreadablePictureError, match="one still picture a file"):
        read_picture_bytes(make_png(2, 2, bits=8, colour=0, rows=bytes(6), extra=control))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("filler", [b"\xff", b"\xff\xd0", b"\xff\x00", b"\xff\xda\x00\x02", b"\xff\xfe\x00\x02"])
def test_a_hostile_jpeg_takes_bounded_time(whole_files: dict[str, bytes], filler: bytes) -> None:
    scan = whole_files["jpeg"].index(b"\xff\xda")

    with pytest.raises(UnreadablePictureError):
        read_picture_bytes(whole_files["jpeg"][:scan] + filler * 2_000_000)


@pytest.mark.timeout(20)
def test_a_hostile_png_takes_bounded_time(
    png_chunk: Callable[[bytes, bytes], bytes], make_png: Callable[..., bytes]
) -> None:
    empty = png_chunk(b"tEXt", b"")

    with pytest.raises(UnreadablePictureError, match="more than 200000 chunks"):
        read_picture_bytes(make_png(2, 2, bits=8, colour=0, rows=bytes(6), extra=empty * 400_000))


@pytest.mark.parametrize(("frame", "reason"), [(0xC3, "lossless"), (0xC9, "arithmetic")])
def test_rare_kinds_of_jpeg_are_refused(whole_files: dict[str, bytes], frame: int, reason: str) -> None:
    content = whole_files["jpeg"].replace(b"\xff\xc0", bytes([0xFF, frame]), 1)

    with pytest.raises(UnreadablePictureError, match=reason):
        read_picture_bytes(content)


def test_a_jpeg_of_four_channels_is_refused(whole_files: dict[str, bytes]) -> None:
    content = bytearray(whole_files["jpeg-colour"])
    content[content.index(b"\xff\xc0") + 9] = 4

    with pytest.raises(UnreadablePictureError, match="write grey or RGB"):
        read_picture_bytes(bytes(content))


def test_a_compressed_bmp_is_refused(whole_files: dict[str, bytes]) -> None:
    content = bytearray(whole_files["bmp-8"])
    content[30] = 1

    with pytest.raises(UnreadablePictureError, match="write uncompressed BMP"):
        read_picture_bytes(bytes(content))
