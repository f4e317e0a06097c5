"""Which lights show a region: what is real often shows in several, a reflection in one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.verdict import Region
from layerwatch.vision.read import Picture
from layerwatch.vision.regions import Segmentation

SHOWS = 1.5  # times the ring's own deviation; what looks like its surroundings has 1
SAMPLES = 64  # rows and columns that are looked at of one region and its ring: bounds the work
MARGIN = 0.25, 4, 64  # of a region's longer side, but at least and at most so many px: how wide the ring is
MOST_WHITE = 0.5  # of the ring's pixels; a light that is saturated there shows nothing
FEWEST = 4  # pixels that a region and its ring need

Window = tuple[slice, slice]


def with_lights(segmentation: Segmentation, pictures: Mapping[str, Picture]) -> Segmentation:
    """Return the segmentation with the lights named that show each of its regions; unchanged for one light alone.

    Args:
        segmentation: at the size of the pictures.
        pictures: by light.
    """
    if len(pictures) < 2 or not segmentation.regions:
        return segmentation
    regions = [
        region.model_copy(update={"lights": lights_that_show(region, segmentation.mask, pictures)})
        for region in segmentation.regions
    ]
    return replace(segmentation, regions=tuple(regions))


def lights_that_show(region: Region, mask: NDArray[np.uint8], pictures: Mapping[str, Picture]) -> tuple[str, ...]:
    """Return the lights in which a region differs from the ring around it, sorted.

    Args:
        region: where to look.
        mask: (H, W), not 0 inside any region; other regions are no part of the ring.
        pictures: by light, of the mask's size.
    """
    window = _window(region.bbox, mask.shape)
    defect = mask[window] > 0
    inside = defect & _box(region.bbox, window, defect.shape)
    ring = cv2.dilate(defect.view(np.uint8), np.ones((3, 3), np.uint8)) == 0
    if min(np.count_nonzero(inside), np.count_nonzero(ring)) < FEWEST:
        return ()
    return tuple(
        light
        for light, picture in sorted(pictures.items())
        if _contrast(picture.pixels[window], inside, ring, picture.full_scale) >= SHOWS
    )


def _window(bbox: Sequence[int], shape: tuple[int, ...]) -> Window:
    """Return the rows and columns of a region and its ring, no more than `SAMPLES` of each."""
    left, top, width, height = bbox
    share, least, most = MARGIN
    margin = round(min(max(share * max(width, height), least), most))
    spans = ((top, height, shape[0]), (left, width, shape[1]))
    rows, columns = (
        slice(begin := max(0, start - margin), end := min(limit, start + size + margin), -(-(end - begin) // SAMPLES))
        for start, size, limit in spans
    )
    return rows, columns


def _box(bbox: Sequence[int], window: Window, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of the window lie in the region's box."""
    left, top, width, height = bbox
    y, x = (part.start + part.step * np.arange(size) for part, size in zip(window, shape, strict=True))
    box: NDArray[np.bool_] = ((y >= top) & (y < top + height))[:, None] & ((x >= left) & (x < left + width))
    return box


def _contrast(
    pixels: NDArray[np.uint8 | np.uint16], inside: NDArray[np.bool_], ring: NDArray[np.bool_], full_scale: int
) -> float:
    """Return how far the pixels inside lie from the middle of the ring, in units of the ring's own, on average."""
    around = pixels[ring].astype(np.float32)
    if np.count_nonzero(around >= full_scale) > MOST_WHITE * around.size:
        return 0.0
    middle = np.median(around)
    deviation = max(float(np.abs(around - middle).mean()), full_scale / 255)
    return float(np.abs(pixels[inside] - middle).mean()) / deviation
