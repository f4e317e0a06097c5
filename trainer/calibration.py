"""Which way to quantize: the one whose int8 network ranks pixels most like the float32 network does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from trainer.engines import Probabilities, openvino_engine, segmenter
from trainer.export import ENGINES_TOLERANCE, engines_differ
from trainer.ignore import defects
from trainer.metrics import PixelCounts, average_precision
from trainer.quantize import Variant, quantize
from trainer.store import MULTIPLE, Sample, evenly

CALIBRATION_TILES: Final = 96
COMPARED_SETS: Final = 24
TILE: Final = 256
TOO_MUCH: Final = 0.05  # average precision that int8 may lose; more is a fault, not rounding
VARIANTS: Final = (
    Variant(),
    Variant(float_first=5),
    Variant(float_first=9),
    Variant(float_first=9, reduce_range=True),
    Variant(float_first=9, method="percentile"),
    Variant(float_first=1, method="nncf"),
    Variant(float_first=9, method="nncf"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantized:
    """The chosen int8 network and what each variant reached; average precision of pixels at the working scale."""

    onnx: bytes
    variant: Variant
    float_precision: float
    precisions: dict[str, float]


def best_int8(
    onnx: bytes, training: Sequence[Sample], validation: Sequence[Sample], *, seed: int, say: Callable[[str], None]
) -> Quantized:
    """Quantize in several ways and return the one closest to float32 in average precision on validation data.

    Not considered is a file that OpenVINO and ONNX Runtime read differently.

    Raises:
        TrainingError: none is good enough.
    """
    tiles = calibration_tiles(training, seed=seed)
    compared = evenly(validation, COMPARED_SETS)
    wanted = compared_precision(openvino_engine(onnx), compared)
    precisions: dict[str, float] = {}
    best: tuple[float, bytes, Variant] | None = None
    looked_at = [sample.load_tile(TILE)[0] for sample in evenly(validation, 3)]
    for variant in VARIANTS:
        candidate = quantize(onnx, tiles, variant)
        difference = engines_differ(candidate, looked_at)
        if not difference <= ENGINES_TOLERANCE:
            say(f"int8 {variant}: left out, OpenVINO and ONNX Runtime differ by {difference:.2g} on average")
            continue
        reached = compared_precision(openvino_engine(candidate), compared)
        precisions[str(variant)] = reached
        say(f"int8 {variant}: average precision {reached:.4f}, float32 {wanted:.4f}")
        loss = max(0.0, wanted - reached)
        if best is None or loss < best[0]:
            best = (loss, candidate, variant)
    if best is None:
        raise TrainingError("OpenVINO and ONNX Runtime differ on every int8 network: nothing is published")
    if best[0] > TOO_MUCH:
        raise TrainingError(f"every way to int8 loses more than {TOO_MUCH} of the average precision {wanted:.3f}")
    return Quantized(onnx=best[1], variant=best[2], float_precision=wanted, precisions=precisions)


def calibration_tiles(samples: Sequence[Sample], *, seed: int) -> list[NDArray[np.uint8]]:
    """Return tiles (th, tw, 3) of the training data; half of them hold a defect where there is one."""
    rng = np.random.default_rng(seed)
    tiles = []
    for number in range(CALIBRATION_TILES):
        sample = samples[int(rng.integers(len(samples)))]
        channels, kinds = sample.load_channels(), sample.load_kinds()
        height, width = (min(TILE, side // MULTIPLE * MULTIPLE) for side in kinds.shape)
        places = np.argwhere(defects(kinds)) if number % 2 else np.empty((0, 2), np.int64)
        centre = places[rng.integers(len(places))] if len(places) else rng.integers(kinds.shape)
        top = int(np.clip(centre[0] - height // 2, 0, kinds.shape[0] - height))
        left = int(np.clip(centre[1] - width // 2, 0, kinds.shape[1] - width))
        tiles.append(np.ascontiguousarray(channels[top : top + height, left : left + width]))
    return tiles


def compared_precision(engine: Probabilities, samples: Sequence[Sample]) -> float:
    """Return the average precision of the pixels at the working scale."""
    segment = segmenter(engine)
    counts = PixelCounts()
    for sample in samples:
        tile, kinds = sample.load_tile()
        counts.add(segment(tile)[0], kinds)
    return average_precision(counts)
