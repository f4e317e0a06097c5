from collections.abc import Callable
from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.errors import UnreadablePictureError
from layerwatch.vision.read import read_picture_bytes


@pytest.mark.parametrize("layout", [{}, {"rows_per_strip": 5}, {"tile": 32}, {"directory_first": True}])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_layout_gives_the_same_pixels(
    make_tiff: Callable[..., bytes],
    grey8: NDArray[np.uint8],
    grey16: NDArray[np.uint16],
    layout: dict[str, Any],
    order: str,
) -> None:
    pictures: tuple[NDArray[np.uint8 | np.uint16], ...] = (grey8, grey16)
    for pixels, big, deflate in product(pictures, (False, True), (False, True)):
        content = make_tiff(pixels, order=order, big=big, deflate=deflate, **layout)

        assert np.array_equal(read_picture_bytes(content).pixels, pixels)


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_note_to_turn_the_picture_is_ignored(
    make_tiff: Callable[..., bytes], grey8: NDArray[np.uint8], grey16: NDArray[np.uint16], orientation: int, order: str
) -> None:
    for pixels in (grey8, grey16):
        content = make_tiff(pixels, order=order, tags={274: orientation})

        assert np.array_equal(read_picture_bytes(content).pixels, pixels)


def test_white_is_zero_is_turned_round(
    make_tiff: Callable[..., bytes], grey8: NDArray[np.uint8], grey16: NDArray[np.uint16]
) -> None:
    assert np.array_equal(read_picture_bytes(make_tiff(grey8, tags={262: 0})).pixels, 255 - grey8)
    assert np.array_equal(read_picture_bytes(make_tiff(grey16, tags={262: 0})).pixels, 65535 - grey16)


@pytest.mark.parametrize("photometric", [0, 1])
def test_one_bit_is_read(make_tiff: Callable[..., bytes], grey8: NDArray[np.uint8], photometric: int) -> None:
    light = grey8 > 128
    content = make_tiff(np.packbits(light, axis=1), tags={256: light.shape[1], 258: 1, 262: photometric})

    assert np.array_equal(read_picture_bytes(content).pixels, np.where(light == photometric, 255, 0))


@pytest.mark.parametrize("alpha_kind", [0, 1, 2])
def test_alpha_changes_no_pixel(make_tiff: Callable[..., bytes], grey8: NDArray[np.uint8], alpha_kind: int) -> None:
    grey_alpha = np.dstack([grey8, grey8[::-1]])
    colour_alpha = np.dstack([grey8, grey8, grey8, grey8[::-1]])

    for pixels in (grey_alpha, colour_alpha):
        content = make_tiff(pixels, tags={338: alpha_kind})
        assert np.array_equal(read_picture_bytes(content).pixels, grey8)


def test_sixteen_bit_colour_with_alpha_is_read(make_tiff: Callable[..., bytes], grey16: NDArray[np.uint16]) -> None:
    content = make_tiff(np.dstack([grey16] * 4), tags={338: 2})

    assert np.array_equal(read_picture_bytes(content).pixels, grey16)


def test_separate_planes_of_eight_bits_are_read(make_tiff: Callable[..., bytes], grey8: NDArray[np.uint8]) -> None:
    assert np.array_equal(read_picture_bytes(make_tiff(np.dstack([grey8] * 3), planes=3)).pixels, grey8)


@pytest.mark.parametrize("form", [{"planes": 3}, {"tags": {277: 2}}])
def test_what_the_decoder_would_garble_is_refused(
    make_tiff: Callable[..., bytes], grey16: NDArray[np.uint16], form: dict[str, Any]
) -> None:
    samples = 3 if "planes" in form else 2
    content = make_tiff(np.dstack([grey16] * samples), **form)

    with pytest.raises(UnreadablePictureError, match="write plain grey or RGB"):
        read_picture_bytes(content)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int32, np.int16])
def test_other_values_are_refused_with_what_to_write(
    encode: Callable[..., bytes], grey8: NDArray[np.uint8], kind: type
) -> None:
    content = encode(".tiff", grey8.astype(kind))

    with pytest.raises(UnreadablePictureError, match=r"write (unsigned )?8 or 16 bits"):
        read_picture_bytes(content)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({259: 50000}, "compression 50000; write it uncompressed"),
        ({262: 5}, "colour space 5"),
        ({256: 0}, "declares no size"),
        ({258: 12}, "12 bits"),
        ({257: 300, 278: 300}, "shorter than its size needs"),
        ({257: 300, 278: 10}, "1 of its 30 strips"),
        ({278: 0}, "strips have no size"),
    ],
)
def test_what_cannot_be_is_refused(
    make_tiff: Callable[..., bytes], grey8: NDArray[np.uint8], tags: dict[int, int], reason: str
) -> None:
    with pytest.raises(UnreadablePictureError, match=reason):
        read_picture_bytes(make_tiff(grey8, tags=tags))


def test_directories_in_a_circle_are_refused(make_tiff: Callable[..., bytes], grey8: NDArray[np.uint8]) -> None:
    content = bytearray(make_tiff(grey8, pages=2))
    first = int.from_bytes(content[4:8], "little")
    content[-4:] = first.to_bytes(4, "little")

    with pytest.raises(UnreadablePictureError, match="in a circle"):
        read_picture_bytes(bytes(content))


def test_the_first_of_several_pictures_is_read(make_tiff: Callable[..., bytes], grey8: NDArray[np.uint8]) -> None:
    assert np.array_equal(read_picture_bytes(make_tiff(grey8, pages=3)).pixels, grey8)


def test_lzw_with_a_predictor_is_read(encode: Callable[..., bytes], grey16: NDArray[np.uint16]) -> None:
    options = (cv2.IMWRITE_TIFF_COMPRESSION, 5, cv2.IMWRITE_TIFF_PREDICTOR, 2)

    assert np.array_equal(read_picture_bytes(encode(".tiff", grey16, *options)).pixels, grey16)
