"""Cutting a picture of any size into equal overlapping tiles, and putting the answers together again."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", np.uint8, np.float32)

_STRETCH = 1.25  # a tile may be this much longer than asked, where that saves a row or column of tiles


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePlan:
    """Where the tiles of one picture lie; tiles go row by row, each row from left to right."""

    height: int  # of the picture, px
    width: int  # of the picture, px
    tile_height: int  # of every tile, px
    tile_width: int  # of every tile, px
    tops: tuple[int, ...]  # first row of each row of tiles
    lefts: tuple[int, ...]  # first column of each column of tiles

    @property
    def count(self) -> int:
        """Number of tiles."""
        return len(self.tops) * len(self.lefts)

    def corners(self) -> Iterator[tuple[int, int]]:
        """Yield (top, left) of each tile, in the order of the tiles."""
        return ((top, left) for top in self.tops for left in self.lefts)


def plan_tiles(height: int, width: int, *, tile: int = 512, overlap: int = 32, multiple: int = 32) -> TilePlan:
    """Return equally spaced tiles that cover the picture with as few pixels computed twice as possible.

    Args:
        height: rows of the picture, at least 1.
        width: columns of the picture, at least 1.
        tile: wished side of a tile in px; no tile is longer than 1.25 times this.
        overlap: px that neighbouring tiles share at least.
        multiple: tile sides are multiples of this (32: five halvings in the encoder).
    """
    longest = int(tile * _STRETCH) // multiple * multiple
    if min(height, width) < 1 or overlap < 0 or longest <= overlap:
        message = (
            f"expected sides of 1 px or more and tiles longer than their overlap, "
            f"got {height} x {width} px, tile {tile}, overlap {overlap}, multiple {multiple}"
        )
        raise ValueError(message)
    tops, tile_height = _split(height, longest, overlap, multiple)
    lefts, tile_width = _split(width, longest, overlap, multiple)
    return TilePlan(height=height, width=width, tile_height=tile_height, tile_width=tile_width, tops=tops, lefts=lefts)


def cut(image: NDArray[np.uint8], plan: TilePlan) -> NDArray[np.uint8]:
    """Return the tiles of an (H, W, C) or (H, W) picture as (n, th, tw, C) or (n, th, tw), contiguous.

    A picture smaller than a tile goes on with the grey of its lower and right edge: a mirrored rim looks like a line.
    """
    _check_shape(image.shape[:2], (plan.height, plan.width))
    below, right = max(0, plan.tile_height - plan.height), max(0, plan.tile_width - plan.width)
    if below or right:
        padded = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
        image = padded.reshape(*padded.shape[:2], *image.shape[2:]).astype(np.uint8, copy=False)
    tiles = np.empty((plan.count, plan.tile_height, plan.tile_width, *image.shape[2:]), image.dtype)
    for tile, (top, left) in zip(tiles, plan.corners(), strict=True):
        tile[...] = image[top : top + plan.tile_height, left : left + plan.tile_width]
    return tiles


def blend(tiles: NDArray[Value], plan: TilePlan) -> NDArray[Value]:
    """Return the (H, W) picture of (n, th, tw) tiles; where tiles overlap one fades linearly into the next.

    Blending what `cut` cut gives the picture back. The result has the tiles' type (uint8 is rounded).
    """
    _check_shape(tiles.shape, (plan.count, plan.tile_height, plan.tile_width))
    if plan.count == 1:
        return tiles[0, : plan.height, : plan.width].copy()
    rows = _weights(plan.tops, plan.tile_height, plan.height)  # each (th,)
    columns = _weights(plan.lefts, plan.tile_width, plan.width)  # each (tw,)
    total = np.zeros((max(plan.height, plan.tile_height), max(plan.width, plan.tile_width)), np.float32)
    weights = (np.outer(row, column) for row in rows for column in columns)
    for tile, weight, (top, left) in zip(tiles, weights, plan.corners(), strict=True):
        total[top : top + plan.tile_height, left : left + plan.tile_width] += tile * weight
    total = total[: plan.height, : plan.width]
    return (np.rint(total) if tiles.dtype == np.uint8 else total).astype(tiles.dtype)


def _split(side: int, longest: int, overlap: int, multiple: int) -> tuple[tuple[int, ...], int]:
    """Return the tiles' first pixels along one side, and their length."""
    if side <= longest:
        return (0,), _round_up(side, multiple)
    fewest = -(-(side - overlap) // (longest - overlap))
    lengths = {n: _round_up(-(-(side + (n - 1) * overlap) // n), multiple) for n in range(fewest, fewest + 4)}
    number = min(lengths, key=lambda n: (n * lengths[n], n))
    slack = side - lengths[number]
    return tuple(index * slack // (number - 1) for index in range(number)), lengths[number]


def _weights(starts: tuple[int, ...], length: int, side: int) -> list[NDArray[np.float32]]:
    """Return each tile's weights (length,) along one side; they sum to 1 at every pixel of the side."""
    weights = [np.ones(length, np.float32) for _ in starts]
    for index, (start, following) in enumerate(pairwise(starts)):
        shared = start + length - following
        ramp = np.arange(1, shared + 1, dtype=np.float32) / (shared + 1)
        weights[index + 1][:shared] *= ramp
        weights[index][length - shared :] *= ramp[::-1]
    total = np.zeros(max(side, length), np.float32)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + length] += weight
    return [weight / total[start : start + length] for start, weight in zip(starts, weights, strict=True)]


def _round_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def _check_shape(actual: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if actual != expected:
        message = f"expected the plan's shape {expected}, got {actual}"
        raise ValueError(message)
