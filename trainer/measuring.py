"""Layer sets through the network exactly as they are served."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import InputSpec
from layerwatch.vision.read import Picture
from layerwatch.vision.segmenter import Segmenter, segment_picture
from trainer.ignore import defects
from trainer.overlap import unjudged
from trainer.sources import LayerFiles, Source
from trainer.store import read_layer, true_kinds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One layer set and what the network says.

    Attributes:
        pictures: the lights as read.
        kinds: (H, W) uint8, true kind of defect, 0 for none, IGNORE where nobody can tell.
        plate: (H, W) bool, or None for all.
        probability: (H, W) uint8, probability * 255.
    """

    files: LayerFiles
    source: Source
    pictures: Sequence[Picture]
    kinds: NDArray[np.uint8]
    plate: NDArray[np.bool_] | None
    probability: NDArray[np.uint8]

    @property
    def defects(self) -> NDArray[np.bool_]:
        """Where the defects are, (H, W)."""
        return defects(self.kinds)

    @property
    def regenerated(self) -> bool:
        """Whether the truth was made by thresholding, so that figures against it are no recall."""
        return self.source.regenerated and not self.files.labelled

    def answer(self, threshold: float) -> NDArray[np.uint8]:
        """Return the probability * 255, (H, W), 0 in regions at this threshold (0..1) that nobody can judge."""
        unjudgeable = unjudged(self.probability >= max(1.0, threshold * 255 - 1e-6), self.kinds)
        return np.where(unjudgeable, 0, self.probability).astype(np.uint8)


def measure(
    layer_sets: Iterable[LayerFiles], sources: Sequence[Source], segmenter: Segmenter, spec: InputSpec
) -> Iterator[Measured]:
    """Yield each layer set with the network's answer at the pictures' own size, one in memory at a time."""
    for files in layer_sets:
        source = sources[files.source]
        pictures, plate = read_layer(files, source)
        kinds = true_kinds(files, source, pictures)
        probability = segment_picture(pictures, segmenter, spec, plate)
        if plate is not None:
            kinds, probability = np.where(plate, kinds, 0), np.where(plate, probability, 0)
        yield Measured(
            files=files,
            source=source,
            pictures=pictures,
            kinds=kinds.astype(np.uint8),
            plate=plate,
            probability=probability.astype(np.uint8),
        )
