"""JPEG: segments that begin with a marker; the compressed scans run from SOS to the next marker, the last is EOI."""

import re

from layerwatch.vision.containers.declared import Container, Declared, IncompleteError, UnsupportedError

SIGNATURE = b"\xff\xd8\xff"
_SCAN_END = re.compile(rb"\xff[^\xff\x00\xd0-\xd7]", re.DOTALL)  # FF 00 is a stuffed FF, FF D0..D7 are restarts
_FILL = re.compile(rb"\xff*")
_END, _SCAN, _TEMPORARY = 0xD9, 0xDA, 0x01
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0..SOF15 without DHT, JPG and DAC
_READ_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; Huffman coded
_MOST_SEGMENTS = 20_000
_MOST_SCANS = 200  # a real progressive picture has about ten; each one costs a pass over the whole picture
_CUT_OFF = "the JPEG ends before its end marker: it is cut off or still being written"


def declared(content: bytes) -> Declared:
    """Return what a whole JPEG declares; bytes after its end are ignored.

    Raises:
        IncompleteError: the end marker or something before it is missing.
        UnsupportedError: it is not an 8-bit grey or colour picture with Huffman coding.
    """
    frame: Declared | None = None
    scans, at = 0, 2
    for _ in range(_MOST_SEGMENTS):
        marker, at = _marker(content, at)
        if marker == _END:
            break
        if marker == _TEMPORARY or 0xD0 <= marker <= 0xD7:
            continue
        end = at + _length(content, at)
        if marker in _FRAMES:
            if frame is not None:
                raise UnsupportedError("the JPEG holds more than one frame")
            frame = _frame(marker, content[at + 2 : end])
        at = end
        if marker == _SCAN:
            scans, at = scans + 1, _scan_end(content, end)
    else:
        raise UnsupportedError(f"the JPEG has more than {_MOST_SEGMENTS} segments")
    if frame is None or not scans:
        raise IncompleteError("the JPEG has no pixels")
    if scans > _MOST_SCANS:
        raise UnsupportedError(f"the JPEG has {scans} scans, more than {_MOST_SCANS}")
    return frame


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """Return the marker that begins at `at` and the place behind it; more than one FF may lead."""
    code_at = at + len(_FILL.match(content, at)[0])  # type: ignore[index]  # it matches everywhere
    if code_at >= len(content):
        raise IncompleteError(_CUT_OFF)
    if code_at == at:
        raise IncompleteError(f"the JPEG is damaged: there is no marker at byte {at}")
    return content[code_at], code_at + 1


def _length(content: bytes, at: int) -> int:
    length = int.from_bytes(content[at : at + 2], "big")
    if at + max(2, length) > len(content):
        raise IncompleteError(_CUT_OFF)
    if length < 2:
        raise IncompleteError(f"the JPEG is damaged: the segment at byte {at} has no length")
    return length


def _scan_end(content: bytes, at: int) -> int:
    match = _SCAN_END.search(content, at)
    if match is None:
        raise IncompleteError(_CUT_OFF)
    return match.start()


def _frame(marker: int, content: bytes) -> Declared:
    if marker not in _READ_FRAMES:
        raise UnsupportedError("it is a lossless or arithmetic-coded JPEG; write baseline or progressive JPEG, or PNG")
    if len(content) < 6:
        raise IncompleteError("the JPEG is damaged: its frame header is too short")
    precision, channels = content[0], content[5]
    if precision != 8:
        raise UnsupportedError(f"it is a JPEG of {precision} bits; write 8-bit JPEG, or PNG or TIFF of 16 bits")
    if channels not in {1, 3}:
        raise UnsupportedError(f"it is a JPEG of {channels} channels (CMYK?); write grey or RGB")
    height, width = int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")
    return Declared(container=Container.JPEG, width=width, height=height, channels=channels, bits=8)
