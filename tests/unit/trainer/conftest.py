"""Tiny layer sets on disk, as a printer with three lights writes them."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.layers import Stage
from trainer.sources import LayerFiles

WriteLayer = Callable[..., None]


@pytest.fixture
def write_layer(tmp_path: Path) -> WriteLayer:
    """Write the three lights of a recoat layer below images/, and its mask below masks/ where one is given."""

    def write(layer: int, mask: NDArray[np.uint8] | None = None, *, build: str = "b1", lights: str = "abc") -> None:
        rng = np.random.default_rng(layer)
        images, masks = tmp_path / "images" / build, tmp_path / "masks" / build
        for folder in (images, masks):
            folder.mkdir(parents=True, exist_ok=True)
        for light in lights:
            pixels = rng.integers(20_000, 40_000, (128, 160), dtype=np.uint16)
            if mask is not None:
                pixels[mask > 127] = 2_000
            cv2.imwrite(str(images / f"A{layer:04d}{light}.PNG"), pixels)
        if mask is not None:
            cv2.imwrite(str(masks / f"{layer:06d}_recoat.png"), mask)

    return write


@pytest.fixture
def layer_files() -> Callable[..., LayerFiles]:
    """Build the files of a layer set that is nowhere on disk."""

    def build(layer: int = 1, *, build: str = "b1", source: int = 0) -> LayerFiles:
        picture = Path(f"{build}/A{layer:04d}a.PNG")
        return LayerFiles(source=source, build=build, layer=layer, stage=Stage.RECOAT, pictures=(picture,))

    return build
