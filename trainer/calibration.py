"""Which way to quantize: the one whose int8 network ranks pixels most like the float32 network does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from layerwatch.errors import TrainingError
from trainer.engines import Probabilities, openvino_engine, segmenter
from trainer.export import ENGINES_TOLERANCE, engines_differ
from trainer.ignore import defects
from trainer.metrics import PixelCounts, average_precision
from trainer.quantize import Variant, quantize
from trainer.sensitivity import most_sensitive
from trainer.store import MULTIPLE, Sample, evenly

CALIBRATION_TILES: Final = 96
COMPARED_SETS: Final = 24
TILE: Final = 256
ENOUGH: Final = 0.005  # average precision that int8 may lose before layers are taken back to float32
AS_GOOD: Final = 0.001  # average precision below which two ways lose the same: nothing
SEEN: Final = 26  # a tenth, * 255: below, both see nothing
SENSITIVE: Final = (3, 6, 12)  # so many of them; the file grows with each
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
    """Quantize in several ways and return the one closest to float32 on validation data.

    Closest is what loses no average precision and, of those that lose none, what answers most alike.

    Where the best of them loses too much, the layers that suffer most stay in float32. Not considered is a file that
    OpenVINO and ONNX Runtime read differently.

    Raises:
        TrainingError: none is good enough.
    """
    tiles = calibration_tiles(training, seed=seed)
    trial = _Trial.of(onnx, tiles, validation, say)
    for variant in VARIANTS:
        trial.try_out(variant)
    if trial.best is not None and trial.best.loss > ENOUGH:
        say(f"int8 loses {trial.best.loss:.4f}, more than {ENOUGH}: the layers that suffer most stay in float32")
        calibrated = trial.best.variant if trial.best.variant.method != "nncf" else Variant(float_first=9)
        ranked = most_sensitive(
            onnx, tiles, calibrated, track=lambda names: track(names, description="each layer alone")
        )
        for number in SENSITIVE:
            trial.try_out(calibrated.model_copy(update={"float_also": ranked[:number]}))
    if trial.best is None:
        raise TrainingError("OpenVINO and ONNX Runtime differ on every int8 network: nothing is published")
    if trial.best.loss > TOO_MUCH:
        raise TrainingError(f"every way to int8 loses more than {TOO_MUCH} of the average precision {trial.wanted:.3f}")
    return Quantized(
        onnx=trial.best.onnx,
        variant=trial.best.variant,
        float_precision=trial.wanted,
        precisions=trial.precisions,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Int8:
    onnx: bytes
    variant: Variant
    loss: float
    apart: float

    @property
    def merit(self) -> tuple[float, float]:
        """Of those that lose as good as nothing the one whose answers are nearest decides most often alike."""
        return -max(0.0, self.loss - AS_GOOD), -self.apart


@dataclass(slots=True, kw_only=True)
class _Trial:
    """Tries one way after the other and keeps the one that is nearest to float32; of equals the first, as smaller."""

    onnx: bytes
    tiles: Sequence[NDArray[np.uint8]]
    compared: Sequence[Sample]
    say: Callable[[str], None]
    wanted: float
    answers: Sequence[NDArray[np.uint8]]
    precisions: dict[str, float] = field(default_factory=dict)
    best: _Int8 | None = None

    @classmethod
    def of(
        cls, onnx: bytes, tiles: Sequence[NDArray[np.uint8]], validation: Sequence[Sample], say: Callable[[str], None]
    ) -> Self:
        compared = evenly(validation, COMPARED_SETS)
        answers = _answers(openvino_engine(onnx), compared)
        wanted = _precision(answers, compared)
        return cls(onnx=onnx, tiles=tiles, compared=compared, say=say, wanted=wanted, answers=answers)

    def try_out(self, variant: Variant) -> None:
        candidate = quantize(self.onnx, self.tiles, variant)
        difference = engines_differ(candidate, [sample.load_tile(TILE)[0] for sample in evenly(self.compared, 3)])
        if not difference <= ENGINES_TOLERANCE:
            self.say(f"int8 {variant}: left out, OpenVINO and ONNX Runtime differ by {difference:.2g} on average")
            return
        answers = _answers(openvino_engine(candidate), self.compared)
        reached = self.precisions[str(variant)] = _precision(answers, self.compared)
        made = _Int8(
            onnx=candidate,
            variant=variant,
            loss=max(0.0, self.wanted - reached),
            apart=_apart(answers, self.answers),
        )
        self.say(
            f"int8 {variant}: average precision {reached:.4f}, float32 {self.wanted:.4f}; where one sees something, "
            f"they are {made.apart:.4f} apart"
        )
        if self.best is None or made.merit > self.best.merit:
            self.best = made


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
    return _precision(_answers(engine, samples), samples)


def _answers(engine: Probabilities, samples: Sequence[Sample]) -> list[NDArray[np.uint8]]:
    """Return the probability of each sample, (h, w) * 255."""
    segment = segmenter(engine)
    return [segment(sample.load_tile()[0])[0] for sample in samples]


def _precision(answers: Sequence[NDArray[np.uint8]], samples: Sequence[Sample]) -> float:
    counts = PixelCounts()
    for answer, sample in zip(answers, samples, strict=True):
        counts.add(answer, sample.load_tile()[1])
    return average_precision(counts)


def _apart(some: Sequence[NDArray[np.uint8]], others: Sequence[NDArray[np.uint8]]) -> float:
    """Return the mean difference of the probabilities, 0..1, over the pixels that one of both takes for something."""
    total, count = 0.0, 0
    for one, other in zip(some, others, strict=True):
        seen = np.maximum(one, other) >= SEEN
        total += float(np.abs(one[seen].astype(np.int64) - other[seen]).sum()) / 255
        count += int(seen.sum())
    return total / count if count else 0.0
