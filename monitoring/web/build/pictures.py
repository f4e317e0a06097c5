"""Pictures for the eye: one as overlays show it, and the difference of two in colours; pure functions."""

import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.encode import encode_jpeg
from layerwatch.vision.overlay import for_the_eye
from layerwatch.vision.read import Picture

QUALITY = 85
FULL = 72  # grey levels, of 219, from which on a difference has its full colour
# BGR. Darker is blue, brighter orange, which are told apart with any kind of colour vision; and as blue is darker and
# orange brighter than the grey between them, also with none, and on paper.
DARKER, SAME, BRIGHTER = (150, 62, 10), (128, 128, 128), (64, 176, 255)


class PicturesDifferError(ValueError):
    """The two pictures cannot be compared."""


def shown(picture: Picture, *, side: int) -> bytes:
    """Return a JPEG whose longer side has at most so many pixels."""
    return encode_jpeg(for_the_eye(picture.pixels, *shown_size(picture, side)), QUALITY)


def difference(upper: Picture, lower: Picture, *, side: int) -> bytes:
    """Return a JPEG of what an upper layer has brighter (orange) or darker (blue) than a lower one.

    Both are stretched between the same two grey levels, so that a lamp that became darker is seen as such.

    Raises:
        PicturesDifferError: they differ in size or depth.
    """
    if upper.pixels.shape != lower.pixels.shape or upper.pixels.dtype != lower.pixels.dtype:
        raise PicturesDifferError(f"{_size(upper)} cannot be compared with {_size(lower)}")
    height, width = shown_size(upper, side)
    both = for_the_eye(np.vstack((upper.pixels, lower.pixels)), 2 * height, width)
    return encode_jpeg(in_colours(both[:height].astype(np.int16) - both[height:]), QUALITY)


def in_colours(change: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Return (H, W) signed grey levels as (H, W, 3) BGR: blue below 0, grey at 0, orange above."""
    return _COLOURS[np.clip(change, -FULL, FULL) + FULL]


def shown_size(picture: Picture, side: int) -> tuple[int, int]:
    """Return height and width of a picture whose longer side is to have at most so many pixels."""
    scale = min(1.0, side / max(picture.pixels.shape))
    height, width = (max(1, round(length * scale)) for length in picture.pixels.shape)
    return height, width


def _scale_of_colours() -> NDArray[np.uint8]:
    """Return (2 * FULL + 1, 3) BGR, from darker over the same to brighter."""
    levels = np.arange(-FULL, FULL + 1)
    channels = [
        np.interp(levels, (-FULL, 0, FULL), of_channel) for of_channel in zip(DARKER, SAME, BRIGHTER, strict=True)
    ]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def _size(picture: Picture) -> str:
    height, width = picture.pixels.shape
    return f"a picture of {width} x {height} pixels in {8 * picture.pixels.dtype.itemsize} bits"


_COLOURS = _scale_of_colours()
