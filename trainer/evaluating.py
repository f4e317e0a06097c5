"""The `evaluate` command: a bundle through the serving code over layer sets with known truth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from layerwatch.bundle import Manifest, OperatingPoint, Precision, load_manifest, read_verified
from layerwatch.errors import TrainingError
from trainer.engines import openvino_engine, segmenter
from trainer.evaluation import Evaluation, judge_layer
from trainer.kinds import kind_names
from trainer.measuring import measure
from trainer.metrics import PixelCounts, precision_recall, recall_at
from trainer.plots import precision_recall_curves
from trainer.sheet import Worst
from trainer.sources import LayerFiles, Source, find_layer_sets
from trainer.summary import REGENERATED, EqualPrecision, Report, agreement, as_text, rows, summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a person looks at: the worst cases of the last precision, and the probabilities of all."""

    worst: Worst
    counts: Mapping[Precision, PixelCounts]
    points: Mapping[Precision, OperatingPoint]

    def curves(self) -> bytes:
        """Return the precision-recall curves of the pixels on this data, with the operating points, as PNG."""
        points = {precision: _here(counts, self.points[precision]) for precision, counts in self.counts.items()}
        return precision_recall_curves(self.counts, points)


def _here(counts: PixelCounts, point: OperatingPoint) -> OperatingPoint:
    """Return the point with what its threshold means on this data."""
    curve = precision_recall(counts)
    level = round(point.threshold * 255) - 1
    return point.model_copy(update={"recall": float(curve.recall[level]), "precision": float(curve.precision[level])})


def evaluate_bundle(  # noqa: PLR0913 - each a thing of its own
    bundle: Path,
    sources: Sequence[Source],
    *,
    precisions: Sequence[Precision],
    counted_px: int,
    at_precision: float | None = None,
    threads: int | None,
    console: Console,
) -> tuple[Report, Shown]:
    """Return the figures of a bundle, and what there is to look at."""
    manifest = load_manifest(bundle)
    layer_sets = [files for index, source in enumerate(sources) for files in find_layer_sets(source, index)]
    evaluations: dict[Precision, Evaluation] = {}
    for precision in precisions:
        if precision not in manifest.operating_points:
            raise TrainingError(f"bundle {manifest.id} has no operating point for {precision}")
        network = read_verified(bundle, manifest, manifest.model_file(precision))
        tracked = track(layer_sets, description=f"{manifest.id} {precision}", console=console)
        evaluations[precision], worst = _run(network, manifest, precision, tracked, sources, layer_sets, threads)
    figures = {name: summarise(evaluation, counted_px=counted_px) for name, evaluation in evaluations.items()}
    counts = {name: evaluation.counts for name, evaluation in evaluations.items()}
    report = Report(
        bundle=manifest.id,
        precisions=figures,
        agreement=agreement(evaluations.values()),
        equal_precision=equal_precision(counts, manifest.operating_points, at_precision),
    )
    return report, Shown(worst=worst, counts=counts, points=manifest.operating_points)


def equal_precision(
    counts: Mapping[Precision, PixelCounts], points: Mapping[Precision, OperatingPoint], at_precision: float | None
) -> EqualPrecision | None:
    """Return the recalls where all are right as often, whatever their thresholds; by default as float32 is at its own.

    None where nothing is to be compared: without defects, or of one network alone with nothing.
    """
    if (len(counts) < 2 and at_precision is None) or not all(each.defect.any() for each in counts.values()):
        return None
    asked = at_precision or _here(counts["float32"], points["float32"]).precision
    recalls = {name: recall_at(precision_recall(each), asked) for name, each in counts.items()}
    return EqualPrecision(precision=asked, recalls=recalls)


def print_report(report: Report, console: Console) -> None:
    """Print one table with a column for each precision."""
    first = next(iter(report.precisions.values()))
    table = Table(title=f"{report.bundle} on {first.layer_sets} layer sets, against {first.against}")
    table.add_column("")
    for precision in report.precisions:
        table.add_column(precision)
    for lines in zip(*(rows(figures) for figures in report.precisions.values()), strict=True):
        table.add_row(lines[0][0], *(value for _, value in lines))
    console.print(table)
    if report.agreement is not None:
        console.print(f"same decision by all precisions: {as_text(report.agreement)}")
    if report.equal_precision is not None:
        recalls = ", ".join(f"{name} {recall:.4f}" for name, recall in report.equal_precision.recalls.items())
        console.print(f"pixel recall where all have a precision of {report.equal_precision.precision:.3f}: {recalls}")
    if first.against == REGENERATED:
        console.print("[bold]These masks were made by thresholding: the figures say how alike, not how right.[/bold]")


def _run(  # noqa: PLR0913, PLR0917 - the parts of one pass
    network: bytes,
    manifest: Manifest,
    precision: Precision,
    tracked: Iterable[LayerFiles],
    sources: Sequence[Source],
    layer_sets: Sequence[LayerFiles],
    threads: int | None,
) -> tuple[Evaluation, Worst]:
    point = manifest.operating_points[precision]
    names = [kind_names(files for files in layer_sets if files.source == index) for index in range(len(sources))]
    evaluation, worst = Evaluation(), Worst(point=point)
    segment = segmenter(openvino_engine(network, threads=threads))
    for measured in measure(tracked, sources, segment, manifest.input):
        result = judge_layer(measured, point, names[measured.files.source])
        evaluation.add(measured, result)
        worst.add(measured, result)
    return evaluation, worst
