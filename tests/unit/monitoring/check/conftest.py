"""Files as somebody uploads them."""

import io
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from monitoring.web.check.pictures import Sent

MakeSent = Callable[..., Sent]


def png(*, size: tuple[int, int] = (64, 48), bits: int = 16, seed: int = 0) -> bytes:
    """Return a PNG of noise; `size` is height, width."""
    kind = np.uint16 if bits == 16 else np.uint8
    pixels = np.random.default_rng(seed).integers(0, 1 << bits, size).astype(kind)
    content: bytes = cv2.imencode(".png", pixels)[1].tobytes()
    return content


def bomb(side: int = 60_000) -> bytes:
    """Return a small PNG that declares side x side pixels and keeps its checksums."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 16, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.fixture
def sent() -> MakeSent:
    """A builder: `sent(content, name="x.png", light="a")`."""

    def build(content: bytes, *, name: str = "x.png", light: str = "") -> Sent:
        return Sent(name=name, light=light, file=io.BytesIO(content))

    return build
