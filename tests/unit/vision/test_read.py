from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.errors import UnreadablePictureError
from layerwatch.vision.read import Picture, read_picture, read_picture_bytes


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_sixteen_bits_are_read_with_all_their_bits(
    encode: Callable[..., bytes], grey16: NDArray[np.uint16], extension: str, tmp_path: Path
) -> None:
    path = tmp_path / f"A0001a{extension}"
    path.write_bytes(encode(extension, grey16))

    picture = read_picture(path)

    assert picture.pixels.dtype == np.uint16
    assert np.array_equal(picture.pixels, grey16)
    assert np.unique(picture.pixels).size > 1000  # nothing clips at 255
    assert (picture.bits, picture.full_scale) == (16, 65535)


@pytest.mark.parametrize("extension", [".png", ".tiff", ".bmp"])
def test_eight_bits_are_read_unchanged(encode: Callable[..., bytes], grey8: NDArray[np.uint8], extension: str) -> None:
    picture = read_picture_bytes(encode(extension, grey8))

    assert np.array_equal(picture.pixels, grey8)
    assert picture.full_scale == 255


@pytest.mark.parametrize("extension", [".png", ".tiff", ".bmp"])
def test_colour_becomes_luminance(encode: Callable[..., bytes], colour8: NDArray[np.uint8], extension: str) -> None:
    picture = read_picture_bytes(encode(extension, colour8))

    luminance = colour8 @ np.array([0.114, 0.587, 0.299])
    assert np.abs(picture.pixels - luminance).max() <= 1


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_sixteen_bit_colour_becomes_luminance_of_sixteen_bits(
    encode: Callable[..., bytes], grey16: NDArray[np.uint16], extension: str
) -> None:
    colour = np.dstack([grey16, grey16 // 2, grey16 // 3])

    picture = read_picture_bytes(encode(extension, colour))

    assert picture.bits == 16
    assert np.abs(picture.pixels - colour @ np.array([0.114, 0.587, 0.299])).max() <= 2


def test_a_jpeg_is_read_as_its_luminance(encode: Callable[..., bytes], colour8: NDArray[np.uint8]) -> None:
    smooth = cv2.GaussianBlur(colour8, (0, 0), 3)

    picture = read_picture_bytes(encode(".jpg", smooth, cv2.IMWRITE_JPEG_QUALITY, 100))

    assert np.abs(picture.pixels - smooth @ np.array([0.114, 0.587, 0.299])).max() <= 6


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_transparency_is_dropped(encode: Callable[..., bytes], grey8: NDArray[np.uint8], kind: type) -> None:
    grey: NDArray[np.uint8 | np.uint16] = grey8.astype(kind) * (257 if kind is np.uint16 else 1)
    with_alpha = np.dstack([grey, grey, grey, grey[::-1]])

    picture = read_picture_bytes(encode(".png", with_alpha))

    assert np.array_equal(picture.pixels, grey)


def test_grey_with_alpha_in_sixteen_bits_is_read(make_png: Callable[..., bytes]) -> None:
    values = [(1000, 7), (60000, 65535)]
    row = b"\0" + b"".join(value.to_bytes(2, "big") for pixel in values for value in pixel)

    picture = read_picture_bytes(make_png(2, 1, bits=16, colour=4, rows=row))

    assert picture.pixels.tolist() == [[1000, 60000]]


def test_a_palette_is_looked_up(png_chunk: Callable[[bytes, bytes], bytes], make_png: Callable[..., bytes]) -> None:
    palette = png_chunk(b"PLTE", bytes([0, 0, 0, 200, 200, 200]))

    picture = read_picture_bytes(make_png(3, 1, bits=8, colour=3, rows=bytes([0, 0, 1, 0]), extra=palette))

    assert picture.pixels.tolist() == [[0, 200, 0]]


def test_a_transparent_colour_changes_no_pixel(
    png_chunk: Callable[[bytes, bytes], bytes], make_png: Callable[..., bytes]
) -> None:
    transparent = png_chunk(b"tRNS", bytes([0, 90]))

    picture = read_picture_bytes(make_png(3, 1, bits=8, colour=0, rows=bytes([0, 10, 90, 20]), extra=transparent))

    assert picture.pixels.tolist() == [[10, 90, 20]]


def test_a_note_on_gamma_changes_no_pixel(
    png_chunk: Callable[[bytes, bytes], bytes], make_png: Callable[..., bytes]
) -> None:
    gamma = png_chunk(b"gAMA", (100_000).to_bytes(4, "big"))

    plain, noted = (
        read_picture_bytes(make_png(2, 1, bits=8, colour=2, rows=bytes([0, 9, 90, 200, 1, 2, 3]), extra=extra))
        for extra in (b"", gamma)
    )

    assert np.array_equal(plain.pixels, noted.pixels)


def test_one_bit_becomes_black_and_white(make_png: Callable[..., bytes]) -> None:
    picture = read_picture_bytes(make_png(8, 1, bits=1, colour=0, rows=bytes([0, 0b10100001])))

    assert picture.pixels.tolist() == [[255, 0, 255, 0, 0, 0, 0, 255]]


def test_a_note_to_rotate_a_jpeg_is_ignored(encode: Callable[..., bytes], grey8: NDArray[np.uint8]) -> None:
    jpeg = encode(".jpg", grey8)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]

    picture = read_picture_bytes(turned)

    assert np.array_equal(picture.pixels, read_picture_bytes(jpeg).pixels)


def test_twelve_bits_in_sixteen_have_the_full_scale_of_twelve(
    encode: Callable[..., bytes], grey16: NDArray[np.uint16]
) -> None:
    picture = read_picture_bytes(encode(".png", grey16 >> 4), bits=12)

    assert (picture.bits, picture.full_scale) == (12, 4095)
    assert picture.pixels.max() == 4095


def test_a_pixel_that_the_profile_rules_out_is_refused(
    encode: Callable[..., bytes], grey16: NDArray[np.uint16]
) -> None:
    with pytest.raises(UnreadablePictureError, match="more than 12 bits hold; correct `bits` in the profile"):
        read_picture_bytes(encode(".png", grey16), bits=12)


def test_a_file_with_fewer_bits_than_the_profile_keeps_its_own(
    encode: Callable[..., bytes], grey8: NDArray[np.uint8]
) -> None:
    assert read_picture_bytes(encode(".png", grey8), bits=16).full_scale == 255


@pytest.mark.parametrize("name", ["jpeg", "png-16", "bmp-8", "tiff-plain"])
def test_bytes_behind_the_end_are_accepted(whole_files: dict[str, bytes], name: str) -> None:
    whole = read_picture_bytes(whole_files[name])

    assert np.array_equal(read_picture_bytes(whole_files[name] + b"\0trailer\xff\xd9" * 9).pixels, whole.pixels)


def test_the_content_decides_not_the_name(
    encode: Callable[..., bytes], grey8: NDArray[np.uint8], tmp_path: Path
) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(encode(".png", grey8))

    assert np.array_equal(read_picture(path).pixels, grey8)


@pytest.mark.parametrize(
    ("pixels", "bits"),
    [
        (np.zeros((2, 2, 3), np.uint8), 8),
        (np.zeros((2, 2), np.float32), 8),
        (np.zeros((2, 2), np.uint8), 9),
        (np.zeros((2, 2), np.uint16), 0),
    ],
)
def test_a_picture_is_checked_at_birth(pixels: NDArray[np.uint8], bits: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        Picture(pixels=pixels, bits=bits)
