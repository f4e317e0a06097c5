"""Pictures beside their masks on one sheet, for a person to look at."""

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.encode import encode_png
from layerwatch.vision.normalise import to_channels
from trainer.regenerate.scene import Scene

CASES: Final = 12
_SIDE: Final = 400  # px of one picture
_CAPTION: Final = 24  # px
_COLUMNS: Final = 2
_INK: Final = 40


@dataclass(slots=True, kw_only=True)
class ContactSheet:
    """Collects cells; each shows one light of a layer set, and the mask made from all of them."""

    cells: list[NDArray[np.uint8]] = field(default_factory=list)

    def add(self, scene: Scene, mask: NDArray[np.uint8], caption: str) -> None:
        """Take in one layer set; mask is (H, W) of 0, 128 and 255."""
        scale = min(1.0, _SIDE / max(scene.shape))
        light = to_channels([scene.lights[-1]], scale=scale, plate=scene.plate)[..., 0]
        height, width = light.shape
        cell = np.full((_SIDE + _CAPTION, 2 * _SIDE + 6), 255, np.uint8)
        cell[:height, :width] = light
        cell[:height, _SIDE + 2 : _SIDE + 2 + width] = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
        place = (4, _SIDE + _CAPTION - 7)
        cv2.putText(cell, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (_INK,), 1, cv2.LINE_AA)
        self.cells.append(cell)

    def png(self) -> bytes:
        """Return the sheet.

        Raises:
            ValueError: there is nothing on it.
        """
        if not self.cells:
            raise ValueError("a contact sheet needs one layer set at least")
        blank = np.full_like(self.cells[0], 255)
        padded = self.cells + [blank] * (-len(self.cells) % _COLUMNS)
        rows = [np.hstack(padded[first : first + _COLUMNS]) for first in range(0, len(padded), _COLUMNS)]
        return encode_png(np.vstack(rows).astype(np.uint8))
