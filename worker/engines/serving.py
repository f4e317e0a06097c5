"""An engine as the rest of the worker wants it: a segmenter that was tested."""

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import BundleCorruptError
from layerwatch.vision.self_test import answer_problem, probe_tile
from worker.engines.port import Engine

GPU_TILES = 8
MOST_PX = 8 * 640 * 640  # of the tiles of one call, where an engine takes several: eight of a usual picture


class EngineSegmenter:
    """A Segmenter: tiles in, probabilities out, so few tiles at a time that the memory stays bounded."""

    def __init__(self, engine: Engine, *, bundle: str) -> None:
        self._engine = engine
        self._bundle = bundle  # named in errors

    def __call__(self, tiles: NDArray[np.uint8], /) -> NDArray[np.uint8]:
        """Return the probability of a defect * 255, rounded, (n, th, tw), for tiles (n, th, tw, 3) 0..255."""
        number, height, width = tiles.shape[:3]
        at_once = max(1, min(self._engine.tiles_at_once, MOST_PX // (height * width)))
        answer = np.empty((number, height, width), np.uint8)
        for start in range(0, number, at_once):
            few = slice(start, start + at_once)
            rows = self._engine.infer(tiles[few]).reshape(-1, width)
            cv2.convertScaleAbs(rows, dst=answer[few].reshape(-1, width), alpha=255)
        return answer

    def self_test(self, side: int) -> None:
        """Run the network once on a tile of side x side that shows something; this also warms it up.

        Raises:
            BundleCorruptError: it fails, what it gives are no probabilities, or they are the same for every pixel.
        """
        tile = probe_tile(side)
        try:
            problem = answer_problem(self._engine.infer(tile), tile)
        except RuntimeError as error:
            raise BundleCorruptError(f"bundle {self._bundle}: the network fails: {last_line(error)}") from error
        if problem is not None:
            raise BundleCorruptError(f"bundle {self._bundle}: the network fails its self-test: {problem}")


def last_line(error: Exception) -> str:
    """Return of a library's long message what it says in the end."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
