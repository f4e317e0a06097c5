"""Whether one picture can be judged at all."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.profile import MAX_SATURATED, MIN_SHARPNESS
from layerwatch.vision.read import Picture
from layerwatch.vision.sharpness import sharpness

DARKEST = 0.02  # of full scale; a picture that stays below shows nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What was measured on one picture.

    Attributes:
        brightest, darkest: grey on the plate.
        full_scale: grey of a saturated pixel.
        saturated_ratio: share 0..1 of the plate's pixels at full scale.
        sharpness: of the whole picture, None where nothing tells; see `sharpness`.
    """

    brightest: int
    darkest: int
    full_scale: int
    saturated_ratio: float
    sharpness: float | None


def measure(picture: Picture, plate: NDArray[np.bool_] | None = None) -> Quality:
    """Return what one light of a layer is like.

    Args:
        picture: the light.
        plate: (H, W) bool, the pixels that count; None for all.
    """
    if plate is not None and (plate.shape != picture.pixels.shape or not plate.any()):
        raise ValueError(f"expected a plate of size {picture.pixels.shape} with pixels in it, got {plate.shape}")
    counted = None if plate is None else plate.view(np.uint8)
    darkest, brightest, _, _ = cv2.minMaxLoc(picture.pixels, mask=counted)
    saturated = picture.pixels >= picture.full_scale
    if plate is not None:
        saturated &= plate
    return Quality(
        brightest=int(brightest),
        darkest=int(darkest),
        full_scale=picture.full_scale,
        saturated_ratio=float(saturated.sum() / (saturated.size if plate is None else plate.sum())),
        sharpness=sharpness(picture),
    )


def quality_problems(
    quality: Quality, *, max_saturated: float = MAX_SATURATED, min_sharpness: float = MIN_SHARPNESS
) -> tuple[str, ...]:
    """Return why a picture cannot be judged, in words; nothing where it can.

    Args:
        quality: what was measured on it.
        max_saturated: share 0..1 of pixels that may be at full scale.
        min_sharpness: a picture below is blurred; 0 for whatever comes.
    """
    brightest = quality.brightest
    if brightest <= DARKEST * quality.full_scale:
        return (f"black: its brightest pixel is {brightest} of {quality.full_scale}",)
    if quality.saturated_ratio > max_saturated:
        share, limit = f"{quality.saturated_ratio:.0%}", f"{max_saturated:.0%}"
        return (f"saturated: {share} of the pixels are at full scale, at most {limit} are normal",)
    if quality.darkest == brightest:
        return (f"flat: every pixel is {brightest}",)
    if quality.sharpness is not None and quality.sharpness < min_sharpness:
        return (f"blurred: its sharpness is {quality.sharpness:.2f}, at least {min_sharpness:.2f} is normal",)
    return ()
