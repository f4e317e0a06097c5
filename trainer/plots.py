"""The two pictures in a bundle: how training went, and what precision each recall costs."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from layerwatch.bundle import OperatingPoint, Precision
from trainer.checkpoint import Point
from trainer.metrics import PixelCounts, average_precision, precision_recall

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#5A5A5A"  # told apart by the colour-blind too
COLOURS: dict[Precision, str] = {"float32": BLUE, "int8": ORANGE}


def training_curve(curve: Sequence[Point]) -> bytes:
    """Return loss and validation average precision over the steps as PNG."""
    figure, axes = _figure()
    steps = [point.step for point in curve]
    axes.plot(steps, [point.loss for point in curve], color=GREY, label="training loss")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    other = axes.twinx()
    other.plot(steps, [point.average_precision for point in curve], color=BLUE, marker="o", markersize=3)
    other.set_ylabel("validation average precision", color=BLUE)
    other.set_ylim(0, 1)
    return _png(figure)


def precision_recall_curves(
    counts: Mapping[Precision, PixelCounts], points: Mapping[Precision, OperatingPoint]
) -> bytes:
    """Return the pixel precision-recall curve of each precision with its operating point as PNG."""
    figure, axes = _figure()
    for precision, counted in counts.items():
        curve, colour = precision_recall(counted), COLOURS[precision]
        label = f"{precision}, average precision {average_precision(counted):.3f}"
        axes.plot(curve.recall, curve.precision, color=colour, label=label)
        point = points[precision]
        axes.plot(point.recall, point.precision, "o", color=colour)
        axes.annotate(f" {point.threshold:.2f}", (point.recall, point.precision), color=colour, fontsize=8)
    axes.set_xlabel("recall of defect pixels")
    axes.set_ylabel("precision of defect pixels")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return _png(figure)


def _figure() -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(5.6, 3.6), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:  # noqa: ANN401 - matplotlib has no types
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
