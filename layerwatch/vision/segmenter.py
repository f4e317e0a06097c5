"""From the pictures of one layer to a probability for each pixel, whatever engine runs the network."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import InputSpec
from layerwatch.vision.normalise import to_channels
from layerwatch.vision.read import Picture
from layerwatch.vision.tiles import blend, cut, plan_tiles


class Segmenter(Protocol):
    """A loaded network."""

    def __call__(self, tiles: NDArray[np.uint8], /) -> NDArray[np.uint8]:
        """Return the probability of a defect * 255, (n, th, tw), for tiles (n, th, tw, 3) 0..255, NHWC.

        The segmenter chooses how many tiles it takes at once.
        """
        ...


def segment_picture(
    pictures: Sequence[Picture],
    segmenter: Segmenter,
    input_spec: InputSpec,
    plate: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Return the probability of a defect * 255 at the pictures' own size, (H, W).

    Args:
        pictures: one to three lights of equal size (H, W), sorted by light.
        segmenter: the network.
        input_spec: what the network was trained to see.
        plate: (H, W) bool, the pixels that the normalisation looks at; None for all.
    """
    channels = to_channels(pictures, scale=input_spec.scale, plate=plate, low=input_spec.low, high=input_spec.high)
    return segment_channels(channels, segmenter, input_spec, size=pictures[0].pixels.shape)


def segment_channels(
    channels: NDArray[np.uint8], segmenter: Segmenter, input_spec: InputSpec, *, size: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Return the probability of a defect * 255 at the given size (H, W) for channels (h, w, 3) 0..255."""
    height, width = size
    plan = plan_tiles(*channels.shape[:2], tile=input_spec.tile, overlap=input_spec.overlap)
    probability = blend(segmenter(cut(channels, plan)), plan)
    if probability.shape == (height, width):
        return probability
    resized: NDArray[np.uint8] = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR)
    return resized
