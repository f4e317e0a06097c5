"""Whether one picture can be judged at all."""

import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.read import Picture

DARKEST = 0.02  # of full scale; a picture that stays below shows nothing
MOST_SATURATED = 0.85  # of the plate's pixels; healthy lights reach 0.51 (NIST AMMT, mds2-2233)


def picture_problems(
    picture: Picture,
    *,
    plate: NDArray[np.bool_] | None = None,
    darkest: float = DARKEST,
    most_saturated: float = MOST_SATURATED,
) -> tuple[str, ...]:
    """Return why the picture cannot be judged, in words; nothing where it can.

    Args:
        picture: one light of a layer.
        plate: (H, W) bool, the pixels that count; None for all.
        darkest: share 0..1 of full scale that some pixel has to exceed.
        most_saturated: share 0..1 of pixels that may be at full scale.
    """
    pixels = _inside(picture, plate)
    brightest = int(pixels.max())
    if brightest <= darkest * picture.full_scale:
        return (f"black: its brightest pixel is {brightest} of {picture.full_scale}",)
    saturated = _saturated_ratio(pixels, picture.full_scale)
    if saturated > most_saturated:
        return (f"saturated: {saturated:.0%} of the pixels are at full scale",)
    if int(pixels.min()) == brightest:
        return (f"flat: every pixel is {brightest}",)
    return ()


def saturated_ratio(picture: Picture, plate: NDArray[np.bool_] | None = None) -> float:
    """Return the share 0..1 of the plate's pixels that are at full scale."""
    return _saturated_ratio(_inside(picture, plate), picture.full_scale)


def _saturated_ratio(pixels: NDArray[np.uint8 | np.uint16], full_scale: int) -> float:
    return float(np.count_nonzero(pixels >= full_scale) / pixels.size)


def _inside(picture: Picture, plate: NDArray[np.bool_] | None) -> NDArray[np.uint8 | np.uint16]:
    """Return the pixels that count, (H, W) or (n,)."""
    if plate is None:
        return picture.pixels
    if plate.shape != picture.pixels.shape or not plate.any():
        raise ValueError(f"expected a plate of size {picture.pixels.shape} with pixels in it, got {plate.shape}")
    return picture.pixels[plate]
