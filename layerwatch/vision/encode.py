"""Pictures as files in memory."""

import cv2
import numpy as np
from numpy.typing import NDArray

_FAST = 1  # zlib level; masks are mostly of one colour and shrink well at any


def encode_jpeg(bgr: NDArray[np.uint8], quality: int = 88) -> bytes:
    """Return a JPEG of an (H, W, 3) BGR or (H, W) grey picture, 0..255; quality 0..100."""
    return _encoded(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode_png(grey: NDArray[np.uint8 | np.uint16]) -> bytes:
    """Return a PNG of an (H, W) grey picture, bit for bit."""
    return _encoded(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, _FAST])


def encode_mask(mask: NDArray[np.uint8]) -> bytes:
    """Return a PNG of an (H, W) mask of few values; without PNG's filters, which only help pictures with a grain."""
    options = [cv2.IMWRITE_PNG_COMPRESSION, _FAST, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    return _encoded(".png", mask, options)


def _encoded(extension: str, picture: NDArray[np.uint8 | np.uint16], options: list[int]) -> bytes:
    done, buffer = cv2.imencode(extension, picture, options)
    if not done:
        raise ValueError(f"a picture of {picture.shape} {picture.dtype} cannot be written as {extension}")
    encoded: bytes = buffer.tobytes()
    return encoded
