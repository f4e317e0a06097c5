"""One to three lights of one layer as the network's three channels."""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.read import Picture

Depth = TypeVar("Depth", np.uint8, np.uint8 | np.uint16)

_ENOUGH = 0.001  # share of the plate's pixels below which percentiles say nothing


def to_channels(
    pictures: Sequence[Picture],
    *,
    scale: float,
    plate: NDArray[np.bool_] | None = None,
    low: float = 1.0,
    high: float = 99.0,
) -> NDArray[np.uint8]:
    """Return the lights side by side as channels, each stretched over the range that it really uses.

    Saturated and black pixels do not move the range, so a light that is half white keeps its contrast. Percentiles
    are taken at the working scale.

    Args:
        pictures: one to three lights of equal size, sorted by light.
        scale: working scale; each side becomes max(1, round(side * scale)) px.
        plate: (H, W) bool, the pixels that the percentiles are taken over; None for all.
        low: percentile 0..100 that becomes 0.
        high: percentile 0..100 that becomes 255.

    Returns: (h, w, 3), 0..255. One light is repeated; with two, the third channel is their mean. A flat light is 0.
    """
    _check_lights(pictures, plate)
    height, width = (max(1, round(side * scale)) for side in pictures[0].pixels.shape)
    small_plate = None if plate is None else _shrink(plate.astype(np.uint8), height, width, cv2.INTER_NEAREST)
    lights = []
    for picture in pictures:
        pixels = _shrink(picture.pixels, height, width, cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        lights.append(stretch(pixels, full_scale=picture.full_scale, plate=small_plate, low=low, high=high))
    return np.ascontiguousarray(cv2.merge(_three(lights)), dtype=np.uint8)


def stretch(
    pixels: NDArray[np.uint8 | np.uint16],
    *,
    full_scale: int,
    plate: NDArray[np.uint8] | None = None,
    low: float = 1.0,
    high: float = 99.0,
) -> NDArray[np.uint8]:
    """Return the picture in 8 bits, stretched between two percentiles of its pixels that are neither white nor black.

    Args:
        pixels: (H, W) grey, 0..full_scale.
        full_scale: value of a saturated pixel.
        plate: (H, W) uint8, not 0 where a pixel counts for the percentiles; None for all.
        low: percentile 0..100 that becomes 0.
        high: percentile 0..100 that becomes 255.

    Returns: (H, W), 0..255; a flat picture is 0.
    """
    darkest, brightest = _used_range(pixels, plate, full_scale, low, high)
    if darkest >= brightest:
        return np.zeros(pixels.shape, np.uint8)
    above = np.maximum(pixels, darkest) - pixels.dtype.type(darkest)
    stretched: NDArray[np.uint8] = cv2.convertScaleAbs(above, alpha=255 / (brightest - darkest))
    return stretched


def _check_lights(pictures: Sequence[Picture], plate: NDArray[np.bool_] | None) -> None:
    shapes = {picture.pixels.shape for picture in pictures}
    if not 1 <= len(pictures) <= 3 or len(shapes) != 1:
        message = f"expected one to three lights of one size, got {len(pictures)} with sizes {sorted(shapes)}"
        raise ValueError(message)
    if plate is not None and {plate.shape} != shapes:
        message = f"expected a plate of the pictures' size {shapes.pop()}, got {plate.shape}"
        raise ValueError(message)


def _shrink(pixels: NDArray[Depth], height: int, width: int, interpolation: int) -> NDArray[Depth]:
    if pixels.shape == (height, width):
        return pixels
    resized: NDArray[Depth] = cv2.resize(pixels, (width, height), interpolation=interpolation)
    return resized


def _used_range(
    pixels: NDArray[np.uint8 | np.uint16],
    plate: NDArray[np.uint8] | None,
    full_scale: int,
    low: float,
    high: float,
) -> tuple[int, int]:
    """Return the grey levels at the two percentiles, equal if the light is flat."""
    levels = 1 << (8 * pixels.dtype.itemsize)
    counts = cv2.calcHist([pixels], [0], plate, [levels], [0, levels]).ravel()
    enough = _ENOUGH * counts.sum(dtype=np.float64)
    bounds = (0, 0)
    for first, last in ((1, full_scale), (0, full_scale), (0, levels)):
        cumulative = np.cumsum(counts[first:last], dtype=np.float64)
        if cumulative[-1] < max(1.0, enough):
            continue
        wanted = np.array([low, high]) / 100 * cumulative[-1]
        darkest, brightest = first + np.searchsorted(cumulative, np.maximum(wanted, 1))
        bounds = (int(darkest), int(brightest))
        if darkest < brightest:
            break
    return bounds


def _three(lights: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    if len(lights) == 1:
        return lights * 3
    if len(lights) == 2:
        mean: NDArray[np.uint8] = cv2.addWeighted(lights[0], 0.5, lights[1], 0.5, 0)
        return [*lights, mean]
    return lights
