"""The operating point of each precision, tuned on the validation data with the very files that are served."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from layerwatch.bundle import InputSpec, OperatingPoint, Precision
from trainer.calibration import Quantized
from trainer.candidates import Candidate
from trainer.engines import openvino_engine, segmenter
from trainer.measuring import measure
from trainer.metrics import PixelCounts, average_precision
from trainer.operating_point import choose, survey
from trainer.preparing import Prepared
from trainer.sources import LayerFiles, Source
from trainer.wish import Wish

ORDER: Final[tuple[Precision, ...]] = ("int8", "float32")  # the one that is served by default has the choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What each precision reaches at its own operating point."""

    wish: Wish
    counts: Mapping[Precision, PixelCounts]
    chosen: Mapping[Precision, tuple[OperatingPoint, Candidate]]

    @property
    def points(self) -> dict[Precision, OperatingPoint]:
        return {precision: point for precision, (point, _) in self.chosen.items()}

    @property
    def validation(self) -> dict[str, Any]:
        """Return the figures for the manifest, ready for JSON."""
        return {precision: self._validation(precision) for precision in self.chosen}

    def metrics(self, quantized: Quantized) -> dict[str, Any]:
        """Return the same with those of the quantization."""
        return {
            "validation": self.validation,
            "quantization": {
                "chosen": str(quantized.variant),
                "float32_average_precision": round(quantized.float_precision, 4),
                "average_precision": {name: round(value, 4) for name, value in quantized.precisions.items()},
            },
        }

    def _validation(self, precision: Precision) -> dict[str, Any]:
        point, candidate = self.chosen[precision]
        return {
            "wished": str(self.wish),
            "average_precision": round(average_precision(self.counts[precision]), 4),
            "pixel_f1": round(candidate.f1, 4),
            "region_recall": round(candidate.region_recall, 4),
            "region_precision": round(candidate.region_precision, 4),
            "clean_flagged": round(candidate.clean_flagged, 4),
            "measured_on": point.measured_on,
        }


def tune(  # noqa: PLR0913, PLR0917 - each a thing of its own
    networks: Mapping[Precision, bytes],
    layer_sets: Iterable[LayerFiles],
    sources: Sequence[Source],
    spec: InputSpec,
    wish: Wish,
    say: Callable[[str], None],
) -> Tuned:
    """Return the operating point of each network on layer sets that it has not learned from.

    Args:
        networks: ONNX files.
        layer_sets: with known truth, as many layers and as large pictures as in service: false alarms grow with both.
        sources: where the layer sets come from.
        spec: how the networks want their input.
        wish: what the operating point is for.
        say: takes a sentence for each precision.

    Raises:
        TrainingError: the data is too little to tune on, or the wish cannot be fulfilled.
    """
    held = tuple(layer_sets)
    counts: dict[Precision, PixelCounts] = {}
    chosen: dict[Precision, tuple[OperatingPoint, Candidate]] = {}
    like: Candidate | None = None
    for precision in sorted(networks, key=ORDER.index):
        engine = openvino_engine(networks[precision])
        found = survey(measure(held, sources, segmenter(engine), spec))
        counts[precision], chosen[precision] = found.counts, choose(found, wish, like=like)
        like = chosen[precision][1]
        say(_sentence(precision, *chosen[precision]))
    return Tuned(wish=wish, counts=counts, chosen=chosen)


def tune_on_validation(
    networks: Mapping[Precision, bytes], prepared: Prepared, wish: Wish, say: Callable[[str], None]
) -> Tuned:
    """Do the same on what training held back."""
    held = (sample.files for sample in prepared.validation)
    return tune(networks, held, prepared.sources, prepared.spec, wish, say)


def _sentence(precision: str, point: OperatingPoint, candidate: Candidate) -> str:
    return (
        f"{precision}: threshold {point.threshold:.3f}, "
        f"certain on average from {point.limits.certain_mean_confidence:.3f}, "
        f"beside such a region from {point.limits.min_mean_confidence:.3f}, "
        f"regions from {point.limits.min_region_px} px: "
        f"{candidate.region_recall:.1%} of the regions found, {candidate.clean_flagged:.1%} of the clean sets flagged, "
        f"{candidate.region_precision:.1%} of what is marked is right, "
        f"pixel recall {point.recall:.3f}, precision {point.precision:.3f}, on {point.measured_on}"
    )
