"""int8 anew for a bundle that is there: other calibration pictures, another wish, another version of the method."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from layerwatch.bundle import Manifest, Precision, load_manifest, read_verified
from layerwatch.errors import BundleError
from layerwatch.registry import Registry
from trainer.calibration import COMPARED_SETS, Quantized, best_int8
from trainer.comparison import FLOAT32, Way, as_table, compare
from trainer.preparing import Prepared, prepare_all
from trainer.recipe import Recipe
from trainer.regression import load_regression
from trainer.renewal import Renewed, write_renewed
from trainer.sources import Source
from trainer.store import evenly
from trainer.tuning import Tuned, tune_on_validation
from trainer.wish import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to quantize, on what, and where to put it; see the options of `quantize`."""

    bundle: Path
    sources: tuple[Source, ...]
    wish: Wish
    version: str | None
    work: Path
    registry: Path
    threads: int


def requantize(order: Order, console: Console) -> list[Way]:
    """Publish a new version whose int8 network and operating points are made anew, and return the comparison.

    The data is split as it was in training, as far as it is the same data, so that int8 is tuned on what the network
    has not learned from.

    Raises:
        TrainingError: the data does not allow it, or int8 loses too much.
        BundleError: the bundle is damaged.
    """
    manifest = load_manifest(order.bundle)
    onnx = read_verified(order.bundle, manifest, FLOAT32)
    recipe = _recipe(manifest)
    prepared = _prepare(order, manifest, recipe, console)
    quantized = best_int8(onnx, prepared.training, prepared.validation, seed=recipe.seed, say=console.print)
    networks: dict[Precision, bytes] = {"float32": onnx, "int8": quantized.onnx}
    tuned = tune_on_validation(networks, prepared, order.wish, console.print)
    place = Registry(order.registry).publish(_write(order, manifest, prepared, quantized, tuned))
    console.print(f"published {load_manifest(place).id} in {place}; `python -m trainer promote` puts it in service")
    compared = evenly(prepared.validation, COMPARED_SETS)
    ways = compare(place, quantized.onnx, recipe, compared, threads=order.threads)
    console.print(as_table(ways))
    return ways


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


def _write(order: Order, manifest: Manifest, prepared: Prepared, quantized: Quantized, tuned: Tuned) -> Path:
    return write_renewed(
        order.bundle,
        manifest,
        order.work / "bundle",
        Renewed(
            version=order.version,
            tuned=tuned,
            metrics=tuned.metrics(quantized),  # what was measured with the old int8 holds no more
            lineage={"quantized": {"from": manifest.id, "data": prepared.data}},
            files={"int8.onnx": quantized.onnx},
        ),
    )


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
