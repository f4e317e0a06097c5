"""PNG: a signature, then chunks of length, name, content and checksum, the last one IEND."""

import struct
import zlib
from collections.abc import Iterator

from layerwatch.vision.containers.declared import Container, Declared, IncompleteError, UnsupportedError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")  # width, height, depth, colour type, compression, filter, interlace
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 4, 6: 4}  # by colour type, as OpenCV decodes them
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}  # by colour type
_MOST_CHUNKS = 200_000


def declared(content: bytes) -> Declared:
    """Return what a whole PNG declares; bytes after its end are ignored.

    Raises:
        IncompleteError: a chunk is cut off, damaged or missing.
        UnsupportedError: it is not a still picture of a known kind.
    """
    header: Declared | None = None
    has_transparency = has_pixels = False
    for name, start, end in _chunks(content):
        if header is None:
            header = _header(name, content[start:end])
        has_transparency = has_transparency or name == b"tRNS"
        has_pixels = has_pixels or name == b"IDAT"
        if name == b"acTL":
            raise UnsupportedError("it is an animated PNG; write one still picture a file")
    if header is None or not has_pixels:
        raise IncompleteError("the PNG has no pixels")
    return header if not has_transparency else _with_alpha(header)


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of each chunk's content up to IEND, each checked against its checksum."""
    view = memoryview(content)
    at = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        start = at + 8
        length = int.from_bytes(content[at : at + 4], "big")
        end = start + length
        if end + 4 > len(content):
            raise IncompleteError("the PNG ends before its IEND chunk: it is cut off or still being written")
        name = content[at + 4 : start]
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            raise IncompleteError(f"the PNG is damaged: chunk {name!r} at byte {at} does not match its checksum")
        if name == b"IEND":
            return
        yield name, start, end
        at = end + 4
    raise UnsupportedError(f"the PNG has more than {_MOST_CHUNKS} chunks")


def _header(name: bytes, content: bytes) -> Declared:
    if name != b"IHDR" or len(content) != _HEADER.size:
        raise UnsupportedError("the PNG does not begin with a header")
    width, height, depth, colour_type, *_ = _HEADER.unpack(content)
    if depth not in _DEPTHS.get(colour_type, set()):
        raise UnsupportedError(f"the PNG declares {depth} bits in colour type {colour_type}, which PNG does not have")
    bits = 16 if depth == 16 else 8
    return Declared(container=Container.PNG, width=width, height=height, channels=_CHANNELS[colour_type], bits=bits)


def _with_alpha(header: Declared) -> Declared:
    return Declared(container=Container.PNG, width=header.width, height=header.height, channels=4, bits=header.bits)
