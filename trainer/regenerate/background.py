"""What a place normally looks like under one light, and how much it varies there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.regenerate.order import ascending

Floats = NDArray[np.float32]

WHITE: Final = 0.998  # from here on a pixel counts as saturated
_BLACK: Final = 0.02  # up to here it says nothing
_BLOCK: Final = 10  # px; the spatial background is the median of blocks of this side
_BLOCKS: Final = 5  # blocks on a side of the window of that median
_SMOOTH: Final = 4.0  # px; the variation is averaged over such a surrounding
_LEAST_SEEN: Final = 0.5  # share of unsaturated pixels; from fewer nothing is concluded
_SAMPLE: Final = 3  # px; medians over a picture are taken from every third row and column
_CALM: Final = 25  # percentile: even where a defect covers half of the picture, so many of its pixels are noise alone
_SIGMA: Final = 1 / 0.3186  # a normal distribution's standard deviation over that percentile of absolute values
_COARSE: Final = 4  # px; patches are looked at in a picture so much smaller
_ISLAND: Final = 6.0  # px, standard deviation of the smoothing that leaves patches
_PART: Final = 20.0  # px, the same for what patches say about the part around them
_RESTLESS: Final = 1.5  # times the median; what stays below is noise
_GAINS: Final = (0.95, 1.05)  # a lamp burns a little brighter or darker; more is something else


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residual:
    """How one light differs from its background.

    Attributes:
        difference: (H, W) picture minus background, in units of full scale.
        background: (H, W) what is usual there, 0..1.
        variation: (H, W) how much the place differs from layer to layer, or from pixel to pixel, above 0.
        sees: (H, W) bool, False where picture and background are both saturated.
        unrest: (H, W) how much whole patches nearby change from layer to layer beyond noise, 0 and more.
    """

    difference: Floats
    background: Floats
    variation: Floats
    sees: NDArray[np.bool_]
    unrest: Floats


def sampled(values: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return (n,) values of every third row and column where they count; of all places where none counts."""
    some = values[::_SAMPLE, ::_SAMPLE]
    counted = some[where[::_SAMPLE, ::_SAMPLE]]
    return counted if counted.size else some.ravel()


def typical(values: Floats, where: NDArray[np.bool_]) -> float:
    """Return the robust standard deviation of values around 0, of the pixels that count, above 0."""
    return max(_SIGMA * float(np.percentile(np.abs(sampled(values, where)), _CALM)), 1e-4)


def surroundings(values: Floats) -> Floats:
    """Return (H, W), the median of some 50 px around: a small defect does not move it, as it would a mean."""
    height, width = values.shape
    coarse = (max(1, round(width / _BLOCK)), max(1, round(height / _BLOCK)))
    blocks = cv2.medianBlur(cv2.resize(values, coarse, interpolation=cv2.INTER_AREA), _BLOCKS)
    return np.asarray(cv2.resize(blocks, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def from_neighbours(light: Floats, neighbours: Sequence[Floats]) -> Residual:
    """Return the residual against the median of neighbouring layers: lamps, walls and parts stay, defects do not.

    A lamp that burns a little brighter in this layer is corrected by one gain. Where some pixels are saturated, what
    the others vary stands for all.
    """
    stack = ascending(np.stack(neighbours))
    background = _middle(stack)
    variation = _middle(ascending(np.abs(stack - background)))
    seen = 1 - _smooth(np.mean(stack >= WHITE, axis=0, dtype=np.float32))
    both = (light < WHITE) & (background < WHITE) & (background > _BLACK)
    ratio = np.divide(light, np.maximum(background, _BLACK), dtype=np.float32)
    gain = float(np.median(sampled(ratio, both))) if both.any() else 1.0
    return Residual(
        difference=light - np.minimum(background * np.float32(np.clip(gain, *_GAINS)), 1),
        background=background,
        variation=np.divide(_smooth(variation), np.maximum(seen, _LEAST_SEEN), dtype=np.float32),
        sees=unsaturated(light, background),
        unrest=_unrest(stack, background),
    )


def from_surroundings(light: Floats) -> Residual:
    """Return the residual against the surroundings in the same picture, where there are too few neighbouring layers."""
    background = surroundings(light)
    difference = light - background
    return Residual(
        difference=difference,
        background=background,
        variation=surroundings(np.abs(difference)),
        sees=unsaturated(light, background),
        unrest=np.zeros_like(light),
    )


def _unrest(stack: Floats, background: Floats) -> Floats:
    """Return (H, W), how far patches of the size of scan islands were off the background in any of the layers.

    The hatch turns from layer to layer, and with it what metal mirrors: one island is dark that was bright before.
    """
    height, width = background.shape
    size = (max(1, width // _COARSE), max(1, height // _COARSE))
    small = cv2.resize(background, size, interpolation=cv2.INTER_AREA)
    most = np.zeros_like(small)
    for layer in stack:
        off = cv2.resize(layer, size, interpolation=cv2.INTER_AREA) - small
        np.maximum(most, np.abs(cv2.GaussianBlur(off - np.median(off), (0, 0), _ISLAND / _COARSE)), out=most)
    noise = _RESTLESS * np.median(most)
    beyond = cv2.GaussianBlur(np.sqrt(np.maximum(most**2 - noise**2, 0)), (0, 0), _PART / _COARSE)
    return np.asarray(cv2.resize(beyond, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _smooth(values: NDArray[np.floating]) -> Floats:
    return np.asarray(cv2.GaussianBlur(values.astype(np.float32), (0, 0), _SMOOTH))


def _middle(ordered: Floats) -> Floats:
    """Return the median of layers that are sorted along the first axis."""
    half = len(ordered) // 2
    return np.asarray(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def unsaturated(light: Floats, background: Floats | None = None) -> NDArray[np.bool_]:
    """Return (H, W) bool, False where most pixels nearby are saturated, in light and background alike.

    Something dark on a saturated background is seen.
    """
    blind = light >= WHITE
    if background is not None:
        blind &= background >= WHITE
    return np.asarray(cv2.blur(blind.astype(np.float32), (9, 9)) < 0.5)
