"""From a trained network to a version in the registry."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from safetensors.torch import save

from layerwatch.bundle import Manifest, OperatingPoint, Precision
from layerwatch.registry import Registry
from layerwatch.vision.network import Inspectable, add_to_logits
from trainer.calibration import Quantized, best_int8
from trainer.card import CARD, model_card
from trainer.checkpoint import Progress, contiguous
from trainer.engines import openvino_engine, segmenter
from trainer.export import check_engines_agree, check_export, export_onnx
from trainer.lineage import lineage
from trainer.loss import weight_offset
from trainer.measuring import measure
from trainer.metrics import PixelCounts, average_precision
from trainer.operating_point import Candidate, Survey, choose, survey
from trainer.packing import write_bundle
from trainer.plots import precision_recall_curves, training_curve
from trainer.preparing import Prepared
from trainer.request import Request
from trainer.store import evenly


def publish(request: Request, prepared: Prepared, model: Inspectable, progress: Progress, console: Console) -> Path:
    """Export, quantize, choose the operating points, write the bundle, publish and perhaps promote it."""
    add_to_logits(model.network, weight_offset(request.recipe.pos_weight))
    onnx = export_onnx(model)
    tiles = [sample.load_tile(256)[0] for sample in evenly(prepared.validation, 3)]
    console.print(f"exported, at most {check_export(model, onnx, tiles):.1e} from torch")
    quantized = best_int8(onnx, prepared.training, prepared.validation, seed=request.recipe.seed, say=console.print)
    check_engines_agree(quantized.onnx, tiles)
    networks: dict[Precision, bytes] = {"float32": onnx, "int8": quantized.onnx}
    surveys = {precision: _survey(network, prepared) for precision, network in networks.items()}
    chosen = {precision: choose(found) for precision, found in surveys.items()}
    for precision, (point, candidate) in chosen.items():
        console.print(_sentence(precision, point, candidate))
    counts = {precision: found.counts for precision, found in surveys.items()}
    points = {precision: point for precision, (point, _) in chosen.items()}
    manifest = _manifest(request, prepared, progress, points, _metrics(counts, chosen, quantized))
    files = {
        "float32.onnx": onnx,
        "int8.onnx": quantized.onnx,
        "training-curve.png": training_curve(progress.curve),
        "precision-recall.png": precision_recall_curves(counts, points),
        CARD: model_card(manifest).encode(),
    }
    if request.keep_safetensors:
        files["float32.safetensors"] = save(contiguous(model.network))
    return _into_registry(request, write_bundle(request.work / "bundle", files, manifest), manifest, console)


def _manifest(
    request: Request,
    prepared: Prepared,
    progress: Progress,
    points: dict[Precision, OperatingPoint],
    metrics: dict[str, Any],
) -> Manifest:
    now = datetime.now(UTC)
    return Manifest(
        name=request.name,
        version=request.version or now.strftime("%Y%m%d-%H%M%S"),
        created=now,
        architecture=f"U-Net, MobileNetV2 encoder, decoder {', '.join(map(str, request.recipe.decoder_channels))}",
        input=prepared.spec,
        operating_points=points,
        metrics=metrics,
        lineage=lineage(request, prepared, progress),
        files={},
    )


def _survey(network: bytes, prepared: Prepared) -> Survey:
    segment = segmenter(openvino_engine(network))
    held = [sample.files for sample in prepared.validation]
    return survey(measure(held, prepared.sources, segment, prepared.spec))


def _metrics(
    counts: Mapping[Precision, PixelCounts],
    chosen: Mapping[Precision, tuple[OperatingPoint, Candidate]],
    quantized: Quantized,
) -> dict[str, Any]:
    validation = {
        precision: {
            "average_precision": round(average_precision(counts[precision]), 4),
            "pixel_f1": round(candidate.f1, 4),
            "region_recall": round(candidate.region_recall, 4),
            "clean_flagged": round(candidate.clean_flagged, 4),
            "measured_on": point.measured_on,
        }
        for precision, (point, candidate) in chosen.items()
    }
    return {
        "validation": validation,
        "quantization": {
            "chosen": str(quantized.variant),
            "float32_average_precision": round(quantized.float_precision, 4),
            "average_precision": {name: round(value, 4) for name, value in quantized.precisions.items()},
        },
    }


def _sentence(precision: str, point: OperatingPoint, candidate: Candidate) -> str:
    return (
        f"{precision}: threshold {point.threshold:.3f}, certain from {point.limits.min_confidence:.3f}, "
        f"regions from {point.limits.min_region_px} px: "
        f"{candidate.region_recall:.1%} of the regions found, {candidate.clean_flagged:.1%} of the clean sets flagged, "
        f"pixel recall {point.recall:.3f}, precision {point.precision:.3f}, on {point.measured_on}"
    )


def _into_registry(request: Request, bundle: Path, manifest: Manifest, console: Console) -> Path:
    registry = Registry(request.registry)
    place = registry.publish(bundle)
    console.print(f"published {manifest.id} in {place}")
    if request.promote or (request.promote is None and registry.current(request.name) is None):
        registry.promote(request.name, manifest.version)
        console.print(f"{manifest.id} is in service now")
    return place
