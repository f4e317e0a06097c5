"""BMP: a file header, a bitmap header, maybe a palette, then rows padded to four bytes."""

import struct

from layerwatch.vision.containers.declared import Container, Declared, IncompleteError, UnsupportedError

SIGNATURE = b"BM"
_CORE = struct.Struct("<HHHH")  # width, height, planes, bits: OS/2
_INFO = struct.Struct("<iiHHI")  # width, height (negative: top row first), planes, bits, compression
_CORE_SIZE = 12
_INFO_SIZES = frozenset({40, 52, 56, 108, 124})
_PLAIN = frozenset({0, 3})  # BI_RGB and BI_BITFIELDS
_DEPTHS = frozenset({1, 4, 8, 16, 24, 32})


def declared(content: bytes) -> Declared:
    """Return what a whole uncompressed BMP declares; bytes after its rows are ignored.

    Raises:
        IncompleteError: the rows are not all there.
        UnsupportedError: it is compressed or of an unknown kind.
    """
    if len(content) < 18:
        raise IncompleteError("the BMP ends inside its header")
    rows_at, header_size = struct.unpack_from("<II", content, 10)
    width, height, depth, compression = _bitmap_header(content, header_size)
    if compression not in _PLAIN:
        raise UnsupportedError("it is a compressed BMP; write uncompressed BMP, or PNG")
    if depth not in _DEPTHS or width < 0:
        raise UnsupportedError(f"the BMP declares {depth} bits a pixel and width {width}, which BMP does not have")
    row_bytes = (width * depth + 31) // 32 * 4
    if rows_at < 14 + header_size:
        raise UnsupportedError("the BMP's rows begin inside its header")
    if rows_at + row_bytes * abs(height) > len(content):
        raise IncompleteError("the BMP ends before its last row: it is cut off or still being written")
    return Declared(container=Container.BMP, width=width, height=abs(height), channels=4, bits=8)


def _bitmap_header(content: bytes, header_size: int) -> tuple[int, int, int, int]:
    """Return width, height, bits a pixel and compression."""
    if header_size != _CORE_SIZE and header_size not in _INFO_SIZES:
        raise UnsupportedError(f"it is a BMP with an unknown header of {header_size} bytes")
    if len(content) < 14 + header_size:
        raise IncompleteError("the BMP ends inside its header")
    if header_size == _CORE_SIZE:
        width, height, _, depth = _CORE.unpack_from(content, 18)
        return width, height, depth, 0
    width, height, _, depth, compression = _INFO.unpack_from(content, 18)
    return width, height, depth, compression
