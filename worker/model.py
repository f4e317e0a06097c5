"""A model ready to judge: a bundle, checked, loaded and tested."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerwatch.bundle import InputSpec, Manifest, OperatingPoint, Precision, load_manifest, read_verified
from layerwatch.errors import BundleError
from layerwatch.judging import limits_with
from layerwatch.registry import Registry
from layerwatch.verdict import ModelFacts
from layerwatch.vision.segmenter import Segmenter
from worker.engine import BACKEND, OpenVinoSegmenter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedModel:
    """What judges.

    Attributes:
        input_spec: how pictures become the network's input.
        point: threshold, and the limits of the bundle or those set in their place.
        facts: named in each verdict.
    """

    segmenter: Segmenter
    input_spec: InputSpec
    point: OperatingPoint
    facts: ModelFacts


def find_and_load(
    model: str, *, registry: Path, precision: Precision, threads: int, limits: Mapping[str, float] | None = None
) -> LoadedModel:
    """Return the model of a bundle directory or of a name in the registry; see `load_model`."""
    return load_model(Registry(registry).resolve(model), precision=precision, threads=threads, limits=limits)


def load_model(
    bundle_dir: Path, *, precision: Precision, threads: int, limits: Mapping[str, float] | None = None
) -> LoadedModel:
    """Return the model of a bundle directory, loaded from the bytes that were checked, and warmed up.

    Args:
        bundle_dir: the bundle.
        precision: which of its networks.
        threads: CPU threads of the inference.
        limits: in place of the bundle's own, by their names in AreaLimits.

    Raises:
        BundleError: the bundle is missing, changed, lacks the precision, or its network fails the self-test.
        SettingsError: the limits and those of the bundle do not fit together.
    """
    manifest = load_manifest(bundle_dir)
    point = manifest.operating_points.get(precision)
    if point is None:
        offered = ", ".join(manifest.operating_points) or "none"
        raise BundleError(f"bundle {manifest.id} has no {precision}, it offers {offered}; set WORKER_PRECISION")
    point = point.model_copy(update={"limits": limits_with(point.limits, limits or {})})
    name = manifest.model_file(precision)
    segmenter = OpenVinoSegmenter(read_verified(bundle_dir, manifest, name), threads=threads, bundle=manifest.id)
    segmenter.self_test(manifest.input.tile)
    return LoadedModel(
        segmenter=segmenter,
        input_spec=manifest.input,
        point=point,
        facts=_facts(manifest, precision, point),
    )


def _facts(manifest: Manifest, precision: Precision, point: OperatingPoint) -> ModelFacts:
    return ModelFacts(
        bundle=manifest.id,
        precision=precision,
        backend=BACKEND,
        threshold=point.threshold,
        sha256=manifest.files[manifest.model_file(precision)].sha256,
    )
