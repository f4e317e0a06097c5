"""From the pictures of one layer to a probability for each pixel, whatever engine runs the network."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import InputSpec
from layerwatch.vision.normalise import to_channels
from layerwatch.vision.plate import plate_window
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
        plate: (H, W) bool, the pixels that the normalisation looks at and that are segmented; None for all.
    """
    channels = to_channels(pictures, scale=input_spec.scale, plate=plate, low=input_spec.low, high=input_spec.high)
    return segment_channels(channels, segmenter, input_spec, size=pictures[0].pixels.shape, plate=plate)


def segment_channels(
    channels: NDArray[np.uint8],
    segmenter: Segmenter,
    input_spec: InputSpec,
    *,
    size: tuple[int, ...],
    plate: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Return the probability of a defect * 255 at the given size (H, W) for channels (h, w, 3) 0..255.

    The network sees the box around the plate, with an overlap's width of what lies beside it; beyond, the answer is 0.
    """
    height, width = size
    rows, columns = plate_window(plate, *channels.shape[:2], margin=input_spec.overlap)
    seen = channels[rows, columns]
    plan = plan_tiles(*seen.shape[:2], tile=input_spec.tile, overlap=input_spec.overlap)
    probability = blend(segmenter(cut(seen, plan)), plan)
    if seen.shape != channels.shape:
        above, left = rows.start, columns.start
        below, right = channels.shape[0] - rows.stop, channels.shape[1] - columns.stop
        probability = cv2.copyMakeBorder(probability, above, below, left, right, cv2.BORDER_CONSTANT, value=(0,))
    if probability.shape == (height, width):
        return probability
    resized: NDArray[np.uint8] = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR)
    return resized
