"""Masks: read as people or the simulator drew them, made from the pictures, and shrunk so that thin defects survive."""

from collections.abc import Collection, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from layerwatch.vision.read import Picture, read_picture
from trainer.ignore import GREY_IGNORE, IGNORE, defects
from trainer.regenerate.contrast import contrast
from trainer.regenerate.scene import Scene

UNKNOWN_KIND = 1  # where a mask does not tell the kinds of defects apart


def read_kinds(
    mask: Path, kinds: Path | None, classes: Collection[int], shape: tuple[int, ...], *, drawn: bool = False
) -> NDArray[np.uint8]:
    """Return the kind of defect of each pixel, (H, W) uint8, 0 where there is none, IGNORE where nobody can tell.

    Args:
        mask: picture whose values above 128, or those in `classes`, are defects; 128 is to be ignored, and so is 255,
            the "void" of Pascal VOC, where `classes` says what is a defect.
        kinds: picture with the kind of each defect pixel, if there is one.
        classes: grey values that are defects, and then their kinds; empty for a 0/255 mask.
        shape: (H, W) of the layer.
        drawn: a person drew it, so that values other than 0, 128 and 255 without `classes` are a mistake: a picture in
            place of a mask, or class numbers.

    Raises:
        TrainingError: the mask has another size, or values that need `--defect-classes`.
    """
    values = _read_values(mask, shape)
    if classes:
        void = np.isin(values, sorted({GREY_IGNORE, IGNORE} - set(classes)))
        return np.where(np.isin(values, list(classes)), values, np.where(void, IGNORE, 0)).astype(np.uint8)
    if not (values >= GREY_IGNORE).any() and values.any():
        known = ", ".join(map(str, np.unique(values)[:12]))
        raise TrainingError(f"{mask} has the values {known} and none above 127; say which with --defect-classes")
    if drawn and not np.isin(values, (0, GREY_IGNORE, 255)).all():
        raise TrainingError(
            f"{mask}: a label has the values 0, 128 (to be ignored) and 255; is it a picture? "
            "Say with --defect-classes where they are class numbers"
        )
    named = _read_values(kinds, shape) if kinds is not None else np.full(shape, UNKNOWN_KIND, np.uint8)
    if (named == IGNORE).any():
        raise TrainingError(f"{kinds}: a kind of defect cannot be {IGNORE}, which means a pixel to be ignored")
    found = np.where(values > GREY_IGNORE, np.maximum(named, UNKNOWN_KIND), 0)
    return np.where(values == GREY_IGNORE, IGNORE, found).astype(np.uint8)


def shrink_kinds(kinds: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return the kinds at the working size (height, width).

    A working pixel is a defect where defects cover 0.7 of what a line one picture pixel wide covers: such a line
    survives, and a region hardly grows. It is ignored where defects and ignored pixels together cover so much.
    """
    if kinds.shape == (height, width):
        return kinds
    share = 0.7 * min(1.0, height / kinds.shape[0])
    covered = np.zeros((height, width), np.float32)
    best = np.zeros((height, width), np.float32)
    small = np.zeros((height, width), np.uint8)
    for kind in np.unique(kinds[defects(kinds)]):
        area = cv2.resize((kinds == kind).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        covered += area
        small[area > best] = kind
        best = np.maximum(best, area)
    small[covered < share] = 0
    ignored = cv2.resize((kinds == IGNORE).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    small[(small == 0) & (ignored > 0) & (covered + ignored >= share)] = IGNORE
    return small


def threshold_kinds(pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    """Return a mask made from the pictures of one layer set alone, (H, W) uint8: 0, 1 for a defect, IGNORE for unsure.

    `python -m trainer masks` does better: it also looks at the neighbouring layers.
    """
    values = contrast(Scene(lights=pictures))
    return np.select([values == 255, values == GREY_IGNORE], [UNKNOWN_KIND, IGNORE], 0).astype(np.uint8)


def _read_values(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    values = read_picture(path).pixels
    if values.shape != shape:
        raise TrainingError(f"{path} is {values.shape[1]} x {values.shape[0]} px, its layer {shape[1]} x {shape[0]}")
    if values.dtype != np.uint8:
        raise TrainingError(f"{path}: expected a mask of 8 bits")
    return values.astype(np.uint8, copy=False)
