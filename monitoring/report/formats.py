"""A report as JSON, and as a table with a row for each layer and stage."""

import csv
import io
from collections.abc import Iterator

from layerwatch.report import ReportedLayer, ReportHead
from monitoring.report.gathering import Gathered

COLUMNS = (
    "printer",
    "build",
    "layer",
    "stage",
    "revision",
    "decision",
    "reasons",
    "regions",
    "regions_truncated",
    "defect_area_px",
    "defect_area_mm2",
    "defect_area_ratio",
    "max_confidence",
    "captured",
    "published",
    "file_to_verdict_seconds",
    "bundle",
    "precision",
    "backend",
    "threshold",
    "model_sha256",
    "inspection",
    "earlier_decisions",
    "pictures",
    "pictures_sha256",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a table calculates what begins so


def json_parts(report: Gathered) -> Iterator[bytes]:
    """Yield the report as JSON; each layer stands in a line of its own."""
    yield report.head.model_dump_json(by_alias=True).encode().removesuffix(b"}") + b',"layers":['
    separator = b"\n"
    for line in report.layer_lines():
        yield separator + line
        separator = b",\n"
    yield b"\n]}\n"


def csv_parts(report: Gathered) -> Iterator[bytes]:
    """Yield the layers as comma-separated values (RFC 4180, UTF-8), beneath a row of names."""
    yield _row(COLUMNS)
    for layer in report.layers():
        yield _row(tuple(_cells(report.head, layer)))


def _cells(head: ReportHead, layer: ReportedLayer) -> Iterator[object]:
    yield from (head.printer, head.build, layer.layer, layer.stage, layer.revision, layer.decision)
    yield "; ".join(layer.reasons)
    yield from (layer.regions, "true" if layer.regions_truncated else "false", layer.defect_area_px)
    yield from (layer.defect_area_mm2, layer.defect_area_ratio, layer.max_confidence)
    yield from (layer.captured.isoformat(), layer.published.isoformat(), layer.seconds)
    model = layer.model
    yield from (
        (None,) * 5
        if model is None
        else (model.bundle, model.precision, model.backend, model.threshold, model.sha256)
    )  # fmt: skip
    yield layer.inspection
    yield " ".join(each.decision for each in layer.earlier)
    yield " ".join(picture.path for picture in layer.pictures)
    yield " ".join(picture.sha256 for picture in layer.pictures)


def _row(cells: tuple[object, ...]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line).writerow([_harmless(cell) for cell in cells])
    return line.getvalue().encode()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
