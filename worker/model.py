"""A model ready to judge: a bundle, checked, loaded and tested."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerwatch.bundle import InputSpec, Manifest, OperatingPoint, Precision, load_manifest, read_verified
from layerwatch.errors import BundleError
from layerwatch.judging import limits_with
from layerwatch.verdict import ModelFacts
from layerwatch.vision.segmenter import Segmenter
from worker.engines.choosing import Wish, choose_here
from worker.engines.loading import load_engine
from worker.engines.port import Backend
from worker.engines.serving import EngineSegmenter


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


def load_model(
    bundle_dir: Path,
    *,
    precision: Precision | None,
    threads: int,
    backend: Wish = "auto",
    limits: Mapping[str, float] | None = None,
) -> LoadedModel:
    """Return the model of a bundle directory, loaded from the bytes that were checked, and warmed up.

    Args:
        bundle_dir: the bundle.
        precision: None for the one that suits the engine.
        threads: CPU threads of the inference.
        backend: the engine, or `auto`.
        limits: in place of the bundle's own, by their names in AreaLimits.

    Raises:
        BundleError: the bundle is missing, changed, lacks the precision, or its network fails the self-test.
        SettingsError: the engine does not work on this machine, or the limits and those of the bundle do not fit
            together.
    """
    manifest = load_manifest(bundle_dir)
    choice = choose_here(backend, precision)
    point = manifest.operating_points.get(choice.precision)
    if point is None:
        offered = ", ".join(manifest.operating_points) or "none"
        raise BundleError(f"bundle {manifest.id} has no {choice.precision}, it offers {offered}; set WORKER_PRECISION")
    point = point.model_copy(update={"limits": limits_with(point.limits, limits or {})})
    content = read_verified(bundle_dir, manifest, manifest.model_file(choice.precision))
    engine = load_engine(choice.backend, content, precision=choice.precision, threads=threads, bundle=manifest.id)
    segmenter = EngineSegmenter(engine, bundle=manifest.id)
    segmenter.self_test(manifest.input.tile)
    return LoadedModel(
        segmenter=segmenter,
        input_spec=manifest.input,
        point=point,
        facts=_facts(manifest, choice.precision, point, engine.backend),
    )


def _facts(manifest: Manifest, precision: Precision, point: OperatingPoint, backend: Backend) -> ModelFacts:
    return ModelFacts(
        bundle=manifest.id,
        precision=precision,
        backend=backend,
        threshold=point.threshold,
        sha256=manifest.files[manifest.model_file(precision)].sha256,
    )
