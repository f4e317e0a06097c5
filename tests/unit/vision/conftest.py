"""Pictures and picture files made here; none is real."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Grey = NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True, kw_only=True)
class TiffForm:
    """How the tests' TIFF writer lays a file out."""

    order: Literal["<", ">"] = "<"
    big: bool = False
    deflate: bool = False
    rows_per_strip: int = 1000
    tile: int = 0
    planes: int = 1
    directory_first: bool = False
    pages: int = 1
    tags: dict[int, int] = field(default_factory=dict)  # SHORT tags that replace or join the usual ones


def _units(pixels: Grey, form: TiffForm) -> list[bytes]:
    """Return the bytes of all strips or tiles."""
    planes = [pixels[..., n] for n in range(form.planes)] if form.planes > 1 else [pixels]
    side = form.tile
    units = []
    for plane in planes:
        stored = plane.astype(plane.dtype.newbyteorder(form.order))
        if side:
            height, width = plane.shape[:2]
            padding = [(0, -height % side), (0, -width % side), (0, 0)][: stored.ndim]
            stored = np.pad(stored, padding)
            rows, columns = range(0, stored.shape[0], side), range(0, stored.shape[1], side)
            units += [stored[y : y + side, x : x + side].tobytes() for y in rows for x in columns]
        else:
            units += [stored[y : y + form.rows_per_strip].tobytes() for y in range(0, len(stored), form.rows_per_strip)]
    return [zlib.compress(unit) if form.deflate else unit for unit in units]


def _write_tiff(pixels: Grey, form: TiffForm) -> bytes:
    pointer, pointer_type, pointer_code = (8, 16, "Q") if form.big else (4, 4, "I")
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    units = _units(pixels, form)
    bits = 8 * pixels.dtype.itemsize
    numbers: dict[int, list[int]] = {
        256: [pixels.shape[1]],
        257: [pixels.shape[0]],
        258: [bits] * samples,
        259: [8 if form.deflate else 1],
        262: [1 if samples < 3 else 2],
        277: [samples],
        284: [2 if form.planes > 1 else 1],
        **({322: [form.tile], 323: [form.tile]} if form.tile else {278: [min(form.rows_per_strip, pixels.shape[0])]}),
        **{tag: [value] for tag, value in form.tags.items()},
    }
    offset_tag, size_tag = (324, 325) if form.tile else (273, 279)
    entries = len(numbers) + 2
    directory_bytes = (8 + 20 * entries + 8) if form.big else (2 + 12 * entries + 4)
    content = bytearray(16 if form.big else 8)
    directory_at = len(content)
    if form.directory_first:
        content += bytes(directory_bytes)
    offsets = []
    for unit in units:
        offsets.append(len(content))
        content += unit + bytes(len(unit) % 2)
    directories = []
    for page in range(form.pages):
        fields = []
        every = {
            **{tag: (3, "H", values) for tag, values in numbers.items()},
            offset_tag: (pointer_type, pointer_code, offsets),
            size_tag: (pointer_type, pointer_code, [len(unit) for unit in units]),
        }
        for tag, (kind, code, values) in sorted(every.items()):
            packed = struct.pack(f"{form.order}{len(values)}{code}", *values)
            if len(packed) > pointer:
                value = struct.pack(f"{form.order}{pointer_code}", len(content))
                content += packed
            else:
                value = packed.ljust(pointer, b"\0")
            fields.append(struct.pack(f"{form.order}HH{pointer_code}", tag, kind, len(values)) + value)
        count = struct.pack(form.order + ("Q" if form.big else "H"), len(fields))
        directory = count + b"".join(fields)
        if form.directory_first and page == 0:
            directories.append(directory_at)
            content[directory_at : directory_at + len(directory)] = directory
        else:
            directories.append(len(content))
            content += directory + bytes(pointer)
    for this, following in pairwise(directories):
        at = this + directory_bytes - pointer
        content[at : at + pointer] = struct.pack(f"{form.order}{pointer_code}", following)
    mark = b"II" if form.order == "<" else b"MM"
    if form.big:
        content[:16] = mark + struct.pack(f"{form.order}HHHQ", 43, 8, 0, directories[0])
    else:
        content[:8] = mark + struct.pack(f"{form.order}HI", 42, directories[0])
    return bytes(content)


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _encode(extension: str, pixels: NDArray[np.generic], *options: int) -> bytes:
    return bytes(cv2.imencode(extension, pixels, list(options))[1])


def _make_png(width: int, height: int, *, bits: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = (_png_chunk(b"IHDR", header), extra, _png_chunk(b"IDAT", zlib.compress(rows)), _png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _make_tiff(pixels: Grey, **form: Any) -> bytes:  # noqa: ANN401 - the fields of TiffForm
    return _write_tiff(pixels, TiffForm(**form))


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """Encode (extension, pixels, *options) with OpenCV."""
    return _encode


@pytest.fixture(scope="session")
def make_png() -> Callable[..., bytes]:
    """Write a PNG of a given header and rows."""
    return _make_png


@pytest.fixture(scope="session")
def png_chunk() -> Callable[[bytes, bytes], bytes]:
    """Write one PNG chunk of (name, content)."""
    return _png_chunk


@pytest.fixture(scope="session")
def make_tiff() -> Callable[..., bytes]:
    """Write a TIFF of (pixels, **the fields of TiffForm)."""
    return _make_tiff


@pytest.fixture(scope="session")
def grey8() -> NDArray[np.uint8]:
    """(37, 53) uint8 with texture over the whole range."""
    return _texture(255).astype(np.uint8)


@pytest.fixture(scope="session")
def grey16() -> NDArray[np.uint16]:
    """(37, 53) uint16 with texture over the whole range."""
    return _texture(65535).astype(np.uint16)


@pytest.fixture(scope="session")
def colour8(grey8: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(37, 53, 3) uint8 BGR."""
    return np.dstack([grey8, np.fliplr(grey8), np.flipud(grey8)])


@pytest.fixture(scope="session")
def whole_files(grey8: NDArray[np.uint8], grey16: NDArray[np.uint16], colour8: NDArray[np.uint8]) -> dict[str, bytes]:
    """One file of each kind that a printer may write, by name."""
    lzw, deflate = (cv2.IMWRITE_TIFF_COMPRESSION, 5), (cv2.IMWRITE_TIFF_COMPRESSION, 8)
    strips = (cv2.IMWRITE_TIFF_ROWSPERSTRIP, 5)
    return {
        "png-1": _make_png(8, 8, bits=1, colour=0, rows=bytes([0, 170] * 8)),
        "png-8": _encode(".png", grey8),
        "png-16": _encode(".png", grey16),
        "png-colour": _encode(".png", colour8),
        "jpeg": _encode(".jpg", grey8),
        "jpeg-colour": _encode(".jpg", colour8),
        "jpeg-progressive": _encode(".jpg", colour8, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "jpeg-restarts": _encode(".jpg", colour8, cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
        "bmp-8": _encode(".bmp", grey8),
        "bmp-colour": _encode(".bmp", colour8),
        "tiff-lzw-8": _encode(".tiff", grey8, *lzw, *strips),
        "tiff-lzw-16": _encode(".tiff", grey16, *lzw),
        "tiff-deflate-colour": _encode(".tiff", colour8, *deflate),
        "tiff-plain": _make_tiff(grey8),
        "tiff-plain-16-big-endian": _make_tiff(grey16, order=">"),
        "tiff-strips": _make_tiff(grey16, rows_per_strip=4),
        "tiff-strips-big-endian": _make_tiff(grey8, order=">", rows_per_strip=7, directory_first=True),
        "tiff-deflate": _make_tiff(grey16, deflate=True, rows_per_strip=10),
        "tiff-tiles": _make_tiff(grey8, tile=32),
        "tiff-planes": _make_tiff(colour8, planes=3, rows_per_strip=9),
        "bigtiff": _make_tiff(grey16, big=True, rows_per_strip=8),
        "tiff-two-pages": _make_tiff(grey8, pages=2),
    }


@pytest.fixture(scope="session")
def blob() -> Callable[[int, int], NDArray[np.uint8]]:
    """Return a maker of smooth random probabilities (H, W) uint8."""

    def make(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
        noise = np.random.default_rng(seed).random((height, width)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), 2)
        return np.asarray(cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX), np.uint8)

    return make


def _texture(full_scale: int) -> NDArray[np.float64]:
    rows, columns = np.mgrid[:37, :53]
    slope = (rows * 0.6 + columns) / (37 * 0.6 + 53)
    noise = np.random.default_rng(5).random((37, 53)) * 0.2
    texture = (slope * 0.8 + noise).clip(0, 1)
    texture.flat[:2] = 0, 1
    return np.asarray(np.rint(texture * full_scale))
