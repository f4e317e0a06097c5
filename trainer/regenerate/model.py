"""A trained network marks: what it would serve is a defect, what it half believes is left open."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import load_manifest, read_verified
from layerwatch.vision.segmenter import segment_picture
from trainer.engines import openvino_engine, segmenter
from trainer.evaluation import regions_at
from trainer.ignore import GREY_IGNORE
from trainer.regenerate.scene import Scene

HALF: Final = 0.5  # of the threshold of the operating point: what is more likely than that nobody should call clean

Marks = Callable[[Scene], NDArray[np.uint8]]


def marked_by(bundle: Path) -> Marks:
    """Return what makes a mask (H, W) of 0, 128 and 255 of a scene with the network of a bundle.

    Raises:
        BundleMissingError: there is none.
        BundleCorruptError: it is not as its manifest says.
    """
    manifest = load_manifest(bundle)
    point = manifest.operating_points["float32"]
    segment = segmenter(openvino_engine(read_verified(bundle, manifest, manifest.model_file("float32"))))

    def mark(scene: Scene) -> NDArray[np.uint8]:
        probability = segment_picture(scene.lights, segment, manifest.input, scene.plate)
        if scene.plate is not None:
            probability[~scene.plate] = 0
        mask = np.where(probability >= HALF * point.threshold * 255, GREY_IGNORE, 0).astype(np.uint8)
        mask[regions_at(point, probability, plate=scene.plate).mask > 0] = 255
        return mask

    return mark


def disputed(mask: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a mask (H, W) with what only another one calls a defect left open."""
    return np.where((mask == 0) & (other == 255), GREY_IGNORE, mask).astype(np.uint8)
