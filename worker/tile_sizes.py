"""Sizes of tiles that the pictures here come in: networks are compiled for each, which is no work for an inspection."""

from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.segmenter import Segmenter
from worker.model import LoadedModel

REMEMBERED: Final = 3  # a printer writes pictures of one or two sizes

Tiles = NDArray[np.uint8]


class TileSizes:
    """What the models of one worker were asked about lately.

    Attributes:
        lately: (height, width) in px, the newest first.
    """

    def __init__(self) -> None:
        self.lately: tuple[tuple[int, int], ...] = ()

    def accustom(self, model: LoadedModel) -> LoadedModel:
        """Return the model warmed up for all these sizes; it notes those that it is asked about from now on."""
        for height, width in reversed(self.lately):
            model.segmenter(np.zeros((1, height, width, 3), np.uint8))
        return replace(model, segmenter=partial(self._segment, model.segmenter))

    def _segment(self, segmenter: Segmenter, tiles: Tiles, /) -> Tiles:
        size = (tiles.shape[1], tiles.shape[2])
        self.lately = (size, *(other for other in self.lately if other != size))[:REMEMBERED]
        return segmenter(tiles)
