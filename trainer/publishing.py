"""From trained networks to a version in the registry."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from safetensors.torch import save

from layerwatch.bundle import Manifest, NetworkSpec, OperatingPoint, Precision
from layerwatch.errors import TrainingError
from layerwatch.registry import Registry
from layerwatch.vision.network import Inspectable, add_to_logits, divide_logits
from trainer.calibration import best_int8
from trainer.card import CARD, model_card
from trainer.checkpoint import Progress, contiguous
from trainer.export import check_export, export_onnx
from trainer.lineage import lineage
from trainer.loss import weight_offset
from trainer.operating_point import merit
from trainer.packing import write_bundle
from trainer.plots import precision_recall_curves, training_curve
from trainer.preparing import Prepared
from trainer.request import Request
from trainer.store import evenly
from trainer.temperature import best_temperature, count_logits
from trainer.tuning import tune_on_validation


def publish(
    request: Request, prepared: Prepared, networks: Sequence[Inspectable], progress: Progress, console: Console
) -> Path:
    """Choose the better network, export, quantize, tune, write the bundle, publish and perhaps promote it."""
    model, onnx = _better(networks, request, prepared, console)
    tiles = [sample.load_tile(256)[0] for sample in evenly(prepared.validation, 3)]
    console.print(f"exported, at most {check_export(model, onnx, tiles):.1e} from torch")
    quantized = best_int8(onnx, prepared.training, prepared.validation, seed=request.recipe.seed, say=console.print)
    both: dict[Precision, bytes] = {"float32": onnx, "int8": quantized.onnx}
    tuned = tune_on_validation(both, prepared, request.wish, console.print)
    manifest = _manifest(request, prepared, progress, tuned.points, tuned.metrics(quantized))
    files = {
        "float32.onnx": onnx,
        "int8.onnx": quantized.onnx,
        "training-curve.png": training_curve(progress.curve),
        "precision-recall.png": precision_recall_curves(tuned.counts, tuned.points),
        CARD: model_card(manifest).encode(),
    }
    if request.keep_safetensors:
        files["float32.safetensors"] = save(contiguous(model.network))
    return _into_registry(request, write_bundle(request.work / "bundle", files, manifest), manifest, console)


def _better(
    networks: Sequence[Inspectable], request: Request, prepared: Prepared, console: Console
) -> tuple[Inspectable, bytes]:
    """Return the network that does best what is wished on all validation data, and its ONNX file."""
    judged: list[tuple[tuple[float, ...], Inspectable, bytes]] = []
    refused: TrainingError | None = None
    for model in networks:
        temperature = _calm(model, request, prepared)
        onnx = export_onnx(model)
        console.print(
            f"a network whose logits are divided by {temperature:.2f}, where they fit the validation data best:"
        )
        try:
            tuned = tune_on_validation({"float32": onnx}, prepared, request.wish, console.print)
        except TrainingError as error:
            refused = error
            continue
        judged.append((merit(tuned.chosen["float32"][1], request.wish), model, onnx))
    if not judged:
        raise refused or TrainingError("there is no network to publish")
    _, model, onnx = max(judged, key=lambda one: one[0])
    return model, onnx


def _calm(model: Inspectable, request: Request, prepared: Prepared) -> float:
    """Make the network's probabilities mean what they say, in place, and return the temperature that it took."""
    add_to_logits(model.network, weight_offset(request.recipe.pos_weight))
    temperature = best_temperature(count_logits(model, prepared.validation))
    divide_logits(model.network, temperature)
    return temperature


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
        architecture=request.recipe.architecture,
        network=NetworkSpec(decoder=request.recipe.decoder, decoder_channels=request.recipe.decoder_channels),
        input=prepared.spec,
        operating_points=points,
        metrics=metrics,
        lineage=lineage(request, prepared, progress),
        files={},
    )


def _into_registry(request: Request, bundle: Path, manifest: Manifest, console: Console) -> Path:
    place = Registry(request.registry).publish(bundle)
    console.print(f"published {manifest.id} in {place}")
    return place
