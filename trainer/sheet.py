"""The layer sets that went worst, side by side, for a person to look at."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import OperatingPoint
from layerwatch.vision.encode import encode_png
from layerwatch.vision.normalise import to_channels
from trainer.evaluation import LayerResult, served
from trainer.measuring import Measured

CASES: Final = 12
COLUMNS: Final = 4
SIDE: Final = 480  # px of one case
TRUE, PREDICTED, TEXT = (233, 180, 86), (0, 94, 213), (40, 40, 40)  # BGR; sky blue and vermilion


@dataclass(slots=True, kw_only=True)
class Worst:
    """Keeps the cases with the most wrong pixels; no more pictures in memory than are shown."""

    point: OperatingPoint
    cases: list[tuple[float, str, NDArray[np.uint8]]] = field(default_factory=list)

    def add(self, measured: Measured, result: LayerResult) -> None:
        """Take one layer set in."""
        wrong = wrongness(result)
        if wrong <= 0 or (len(self.cases) == CASES and wrong <= self.cases[-1][0]):
            return
        self.cases.append((wrong, result.name, draw_case(measured, result, self.point)))
        self.cases.sort(key=lambda case: (-case[0], case[1]))
        del self.cases[CASES:]

    def png(self) -> bytes:
        """Return the sheet."""
        return encode_png(_grid([picture for _, _, picture in self.cases]))


def wrongness(result: LayerResult) -> float:
    """Return missed regions and false regions, weighed by the root of their area, so that one large one is not all."""
    missed = result.overlap.true_areas[~result.overlap.found(1)]
    false = result.overlap.areas[~result.overlap.touches]
    return float(np.sqrt(missed).sum() + np.sqrt(false).sum())


def draw_case(measured: Measured, result: LayerResult, point: OperatingPoint) -> NDArray[np.uint8]:
    """Return the layer with true outlines in blue and served ones in orange, (SIDE + caption, SIDE, 3) BGR."""
    scale = SIDE / max(measured.kinds.shape)
    light = to_channels([measured.pictures[-1]], scale=min(1.0, scale), plate=measured.plate)
    canvas = np.full((SIDE + 28, SIDE, 3), 255, np.uint8)
    picture = np.ascontiguousarray(light)
    _outline(picture, measured.defects, TRUE)
    _outline(picture, served(measured, point).mask > 0, PREDICTED)
    height, width = picture.shape[:2]
    canvas[:height, :width] = picture
    text = f"{result.name}: {result.decision}, {int((~result.overlap.found(1)).sum())} missed"
    cv2.putText(canvas, text[:58], (4, SIDE + 19), cv2.FONT_HERSHEY_SIMPLEX, 0.45, TEXT, 1, cv2.LINE_AA)
    return canvas


def _outline(picture: NDArray[np.uint8], mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> None:
    height, width = picture.shape[:2]
    small = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) > 0.05
    grown = cv2.dilate(small.astype(np.uint8), np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, colour, 1)


def _grid(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    if not pictures:
        return np.full((28, SIDE, 3), 255, np.uint8)
    blank = np.full_like(pictures[0], 255)
    rows = [list(pictures[first : first + COLUMNS]) for first in range(0, len(pictures), COLUMNS)]
    return np.vstack([np.hstack(row + [blank] * (COLUMNS - len(row))) for row in rows]).astype(np.uint8)
