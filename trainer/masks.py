"""Masks: read as people or the simulator drew them, made by thresholding, and shrunk so that thin defects survive."""

from collections.abc import Collection, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from layerwatch.vision.read import Picture, read_picture

UNKNOWN_KIND = 1  # where a mask does not tell the kinds of defects apart
_DEVIATIONS = 5.0  # robust standard deviations from the surroundings that make a pixel stand out
_BLOCK = 10  # px; the surroundings are five blocks wide
_SMALLEST = 25  # px


def read_kinds(mask: Path, kinds: Path | None, classes: Collection[int], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the kind of defect of each pixel, (H, W) uint8, 0 where there is none.

    Args:
        mask: picture whose values above 127, or those in `classes`, are defects.
        kinds: picture with the kind of each defect pixel, if there is one.
        classes: grey values that are defects, and then their kinds; empty for a 0/255 mask.
        shape: (H, W) of the layer.

    Raises:
        TrainingError: the mask has another size, or values that need `--defect-classes`.
    """
    values = _read_values(mask, shape)
    if classes:
        return np.where(np.isin(values, list(classes)), values, 0).astype(np.uint8)
    if not (values > 127).any() and values.any():
        known = ", ".join(map(str, np.unique(values)[:12]))
        raise TrainingError(f"{mask} has the values {known} and none above 127; say which with --defect-classes")
    defect = values > 127
    named = _read_values(kinds, shape) if kinds is not None else np.full(shape, UNKNOWN_KIND, np.uint8)
    return np.where(defect, np.maximum(named, UNKNOWN_KIND), 0).astype(np.uint8)


def shrink_kinds(kinds: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return the kinds at the working size (height, width).

    A working pixel is a defect where defects cover 0.7 of what a line one picture pixel wide covers: such a line
    survives, and a region hardly grows.
    """
    if kinds.shape == (height, width):
        return kinds
    share = 0.7 * min(1.0, height / kinds.shape[0])
    covered = np.zeros((height, width), np.float32)
    best = np.zeros((height, width), np.float32)
    small = np.zeros((height, width), np.uint8)
    for kind in np.unique(kinds[kinds > 0]):
        area = cv2.resize((kinds == kind).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        covered += area
        small[area > best] = kind
        best = np.maximum(best, area)
    small[covered < share] = 0
    return small


def threshold_kinds(pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    """Return a mask made by thresholding, (H, W) uint8 0 or 1: what stands out in the majority of the lights."""
    votes = np.sum([_stands_out(picture) for picture in pictures], axis=0)
    mask = (votes > len(pictures) / 2).astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= _SMALLEST
    kept[0] = False
    return np.where(kept[labels], UNKNOWN_KIND, 0).astype(np.uint8)


def _stands_out(picture: Picture) -> NDArray[np.bool_]:
    """Return the pixels that differ from their surroundings far more than most do, in the picture's own depth."""
    difference = cv2.GaussianBlur(picture.pixels.astype(np.float32), (0, 0), 0.8) - _surroundings(picture.pixels)
    spread = 1.4826 * float(np.median(np.abs(difference - np.median(difference))))
    stands_out: NDArray[np.bool_] = np.abs(difference) > max(_DEVIATIONS * spread, 2 / 255 * picture.full_scale)
    return stands_out


def _surroundings(pixels: NDArray[np.uint8 | np.uint16]) -> NDArray[np.float32]:
    """Return the median of the surroundings of each pixel: a defect does not move it, as it would a mean."""
    height, width = pixels.shape
    coarse = (max(1, round(width / _BLOCK)), max(1, round(height / _BLOCK)))
    median = cv2.medianBlur(cv2.resize(pixels, coarse, interpolation=cv2.INTER_AREA), 5)
    return np.asarray(cv2.resize(median.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR))


def _read_values(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    values = read_picture(path).pixels
    if values.shape != shape:
        raise TrainingError(f"{path} is {values.shape[1]} x {values.shape[0]} px, its layer {shape[1]} x {shape[0]}")
    if values.dtype != np.uint8:
        raise TrainingError(f"{path}: expected a mask of 8 bits")
    return values.astype(np.uint8, copy=False)
