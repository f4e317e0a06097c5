"""Reading one capture from disk: all of its bits, or a reason why not."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import UnreadablePictureError
from layerwatch.pictures import read_file
from layerwatch.vision.containers.declared import Container, ContainerError, Declared
from layerwatch.vision.containers.sniff import declare

MAX_DECODED_BYTES = 256 * 1024 * 1024  # a decoder takes up to twice as much on its way
MAX_PIXELS = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """One grey picture in the depth in which it was taken.

    Attributes:
        pixels: (H, W) uint8 or uint16, 0..full_scale, as stored (never rotated).
        bits: bits that a value may use: 1..8 in uint8, 1..16 in uint16.
    """

    pixels: NDArray[np.uint8 | np.uint16]
    bits: int

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
            raise ValueError(f"expected (H, W) uint8 or uint16, got {self.pixels.shape} {self.pixels.dtype}")
        if not 1 <= self.bits <= 8 * self.pixels.dtype.itemsize:
            raise ValueError(f"expected 1 to {8 * self.pixels.dtype.itemsize} bits, got {self.bits}")

    @property
    def full_scale(self) -> int:
        """The value of a saturated pixel."""
        return (1 << self.bits) - 1


def read_picture(path: Path, *, bits: int | None = None, max_pixels: int = MAX_PIXELS) -> Picture:
    """Return the picture in a file; see `read_picture_bytes`.

    Raises:
        UnreadablePictureError: the file is not a whole picture that can be used.
        OSError: the file cannot be read now (it is gone, the share is away); trying again may help.
    """
    return read_picture_bytes(read_file(path), path=path, bits=bits, max_pixels=max_pixels)


def read_picture_bytes(
    content: bytes, *, path: Path | str = "picture", bits: int | None = None, max_pixels: int = MAX_PIXELS
) -> Picture:
    """Return the picture in the bytes of a PNG, TIFF, JPEG or BMP file, grey, in its own depth.

    Colour becomes luminance, transparency and rotation notes are ignored, white-is-zero is turned round.

    Args:
        content: the whole file; what follows the picture's end is ignored.
        path: named in the error.
        bits: bits that the camera really uses, from the profile; None for all that the file has. A file that has
            fewer keeps its own.
        max_pixels: refuse a larger picture before anything is decoded.

    Raises:
        UnreadablePictureError: it is not a whole picture that can be used, with the reason.
    """
    try:
        declared = declare(content)
    except ContainerError as error:
        raise UnreadablePictureError(path, reason=str(error)) from error
    if declared.pixels > max_pixels or declared.decoded_bytes > MAX_DECODED_BYTES:
        size = f"{declared.width} x {declared.height} pixels, {declared.decoded_bytes >> 20} MiB"
        limits = f"{max_pixels} pixels and {MAX_DECODED_BYTES >> 20} MiB"
        raise UnreadablePictureError(path, reason=f"the picture is too large: {size}; the limits are {limits}")
    pixels = _decode(content, declared)
    if pixels is None:
        raise UnreadablePictureError(path, reason=f"the {declared.container} is damaged: it cannot be decoded")
    used_bits = declared.bits if bits is None else min(bits, declared.bits)
    if used_bits < declared.bits and pixels.max() >> used_bits:
        reason = f"a pixel is {pixels.max()}, more than {used_bits} bits hold; correct `bits` in the profile"
        raise UnreadablePictureError(path, reason=reason)
    return Picture(pixels=pixels, bits=used_bits)


def _decode(content: bytes, declared: Declared) -> NDArray[np.uint8 | np.uint16] | None:
    """Return the grey pixels (H, W), or None if the decoder refuses or does not keep what the header declares."""
    buffer = np.frombuffer(content, np.uint8)
    if declared.rewrites:
        buffer = buffer.copy()
    for place, rewritten in declared.rewrites:
        buffer[place : place + len(rewritten)] = np.frombuffer(rewritten, np.uint8)
    # The luminance of a JPEG is one of its own channels; of the others OpenCV would apply rotation or gamma notes.
    flags = cv2.IMREAD_UNCHANGED
    if declared.container is Container.JPEG:
        flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        decoded = cv2.imdecode(buffer, flags)
    except cv2.error:
        return None
    if decoded is None or decoded.shape[:2] != (declared.height, declared.width):
        return None
    if decoded.dtype != np.dtype(f"u{declared.bits // 8}"):
        return None
    pixels = _grey(decoded)
    return cv2.bitwise_not(pixels) if declared.inverted else pixels


def _grey(decoded: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8 | np.uint16]:
    """Return (H, W) luminance (ITU-R BT.601) of a grey, BGR or BGRA picture."""
    if decoded.ndim == 2:
        return decoded
    grey: NDArray[np.uint8 | np.uint16] = cv2.cvtColor(decoded[..., :3], cv2.COLOR_BGR2GRAY)
    return grey
