"""Operating points anew, on data like that of the service, while the networks stay as they are."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from layerwatch.bundle import Precision, load_manifest, read_verified
from layerwatch.registry import Registry
from trainer.renewal import Renewed, write_renewed
from trainer.sources import Source, find_layer_sets
from trainer.store import data_hash
from trainer.tuning import tune
from trainer.wish import Wish

FILES: dict[Precision, str] = {"float32": "float32.onnx", "int8": "int8.onnx"}


def retune(  # noqa: PLR0913, PLR0917 - each a thing of its own
    bundle: Path, sources: Sequence[Source], wish: Wish, version: str | None, registry: Path, console: Console
) -> Path:
    """Publish a new version with operating points tuned on all layer sets of the sources, and return its place.

    Raises:
        TrainingError: too little data, or nothing that fulfils the wish.
        BundleError: the bundle is damaged.
    """
    manifest = load_manifest(bundle)
    layer_sets = [files for index, source in enumerate(sources) for files in find_layer_sets(source, index)]
    networks = {
        precision: read_verified(bundle, manifest, file)
        for precision, file in FILES.items()
        if precision in manifest.operating_points
    }
    tuned = tune(networks, layer_sets, sources, manifest.input, wish, console.print)
    renewed = Renewed(
        version=version,
        tuned=tuned,
        # The networks stay, and with them what is known of their quantization; other figures were of the old points.
        metrics={"validation": tuned.validation, "quantization": manifest.metrics.get("quantization", {})},
        lineage={"tuned": {"from": manifest.id, "data": data_hash(layer_sets), "layer_sets": len(layer_sets)}},
    )
    with tempfile.TemporaryDirectory(prefix="retune-") as folder:
        place = Registry(registry).publish(write_renewed(bundle, manifest, Path(folder) / "bundle", renewed))
    console.print(f"published {load_manifest(place).id} in {place}; `python -m trainer promote` puts it in service")
    return place
