"""int8 anew for a bundle that is there: other calibration pictures, another wish, another version of the method."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from layerwatch.bundle import Manifest, Precision, load_manifest, read_verified
from layerwatch.errors import BundleError, TrainingError
from layerwatch.registry import Registry
from trainer.average import average_weights
from trainer.calibration import COMPARED_SETS, best_int8, compared_precision
from trainer.comparison import FLOAT32, SAFETENSORS, Way, as_table, compare
from trainer.engines import openvino_engine
from trainer.preparing import Prepared, prepare_all
from trainer.recipe import Recipe
from trainer.regression import load_regression
from trainer.renewal import Renewed, write_renewed
from trainer.sources import Source
from trainer.store import evenly
from trainer.tuning import tune_on_validation
from trainer.wish import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to quantize, averaged with what, on which data, and where to put it; see the options of `quantize`."""

    bundle: Path
    averaged: tuple[Path, ...]
    sources: tuple[Source, ...]
    wish: Wish
    version: str | None
    work: Path
    registry: Path
    threads: int


def requantize(order: Order, console: Console) -> list[Way]:
    """Publish a new version whose int8 network and operating points are made anew, and return the comparison.

    Where it is averaged with other bundles, its float32 network is new too.

    The data is split as it was in training, as far as it is the same data, so that int8 is tuned on what the network
    has not learned from.

    Raises:
        TrainingError: the data does not allow it, or int8 loses too much.
        BundleError: the bundle is damaged.
    """
    manifest = load_manifest(order.bundle)
    parts = {one.id: read_verified(bundle, one, FLOAT32) for bundle, one in _averaged(order, manifest)}
    onnx = average_weights([*parts.values()])
    recipe = _recipe(manifest)
    prepared = _prepare(order, manifest, recipe, console)
    if order.averaged:
        _compare_parts(parts | {"their average": onnx}, prepared, console)
    quantized = best_int8(onnx, prepared.training, prepared.validation, seed=recipe.seed, say=console.print)
    networks: dict[Precision, bytes] = {"float32": onnx, "int8": quantized.onnx}
    tuned = tune_on_validation(networks, prepared, order.wish, console.print)
    renewed = Renewed(
        version=order.version,
        tuned=tuned,
        metrics=tuned.metrics(quantized),  # what was measured with the old int8 holds no more
        lineage={"quantized": {"from": manifest.id, "data": prepared.data}} | _told(parts),
        files={"int8.onnx": quantized.onnx} | ({FLOAT32: onnx} if order.averaged else {}),
        stale={SAFETENSORS} if order.averaged else set(),
    )
    place = Registry(order.registry).publish(write_renewed(order.bundle, manifest, order.work / "bundle", renewed))
    console.print(f"published {load_manifest(place).id} in {place}; `python -m trainer promote` puts it in service")
    compared = evenly(prepared.validation, COMPARED_SETS)
    ways = compare(place, quantized.onnx, recipe, compared, threads=order.threads)
    console.print(as_table(ways))
    return ways


def _averaged(order: Order, manifest: Manifest) -> Iterator[tuple[Path, Manifest]]:
    """Yield the bundle and those that it is averaged with.

    Raises:
        TrainingError: one of them wants another input, or is named twice.
    """
    yield order.bundle, manifest
    seen = {manifest.id}
    for bundle in order.averaged:
        other = load_manifest(bundle)
        if other.input != manifest.input:
            raise TrainingError(f"{other.id} wants its pictures otherwise than {manifest.id}: they cannot be averaged")
        if other.id in seen:
            raise TrainingError(f"{other.id} is to be averaged with itself: name each bundle once")
        seen.add(other.id)
        yield bundle, other


def _told(parts: Mapping[str, bytes]) -> dict[str, Any]:
    """Return for the lineage which networks were averaged, if several were."""
    hashes = {name: hashlib.sha256(onnx).hexdigest() for name, onnx in parts.items()}
    return {"averaged": hashes} if len(hashes) > 1 else {}


def _compare_parts(networks: Mapping[str, bytes], prepared: Prepared, console: Console) -> None:
    samples = evenly(prepared.validation, COMPARED_SETS)
    for name, onnx in networks.items():
        precision = compared_precision(openvino_engine(onnx), samples)
        console.print(f"{name}: average precision {precision:.4f} on {len(samples)} validation layer sets")


def _recipe(manifest: Manifest) -> Recipe:
    told: dict[str, Any] = dict(manifest.lineage.get("recipe", {}))
    kept = {name: told[name] for name in ("decoder", "decoder_channels", "seed", "validation_share") if name in told}
    try:
        return Recipe.model_validate(kept)
    except ValueError as error:
        raise BundleError(f"bundle {manifest.id} does not say how it was trained, so it cannot be compared") from error


def _prepare(order: Order, manifest: Manifest, recipe: Recipe, console: Console) -> Prepared:
    prepared = prepare_all(
        order.sources,
        manifest.input,
        order.work / "prepared",
        share=recipe.validation_share,
        seed=recipe.seed,
        track=lambda found: track(list(found), description="reading layers", console=console),
        regression=load_regression(order.registry, manifest.name),
    )
    console.print(prepared.summary)
    if prepared.data != manifest.lineage.get("data", {}).get("sha256"):
        console.print(
            "[yellow]these are not the pictures that the bundle was trained on:[/yellow] some that int8 is tuned on "
            "may have been learned from"
        )
    return prepared


def as_json(ways: Sequence[Way]) -> list[dict[str, Any]]:
    """Return the comparison ready for JSON."""
    return [
        {
            "name": way.name,
            "megabytes": round(way.megabytes, 3),
            "milliseconds": round(way.milliseconds, 2),
            "average_precision": round(way.average_precision, 5),
        }
        for way in ways
    ]
