"""From the options to samples that lie ready on disk, training and validation apart."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerwatch.bundle import InputSpec
from trainer.sources import LayerFiles, Source, find_layer_sets
from trainer.split import split
from trainer.store import Sample, data_hash, prepare

Track = Callable[[Iterable[LayerFiles]], Iterable[LayerFiles]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The data of one training run; `spec` is how it was prepared, `data` the hash over all files."""

    spec: InputSpec
    sources: tuple[Source, ...]
    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    rules: tuple[str, ...]
    data: str


def prepare_all(  # noqa: PLR0913 - each a thing of its own
    sources: Sequence[Source], spec: InputSpec, folder: Path, *, share: float, seed: int, track: Track
) -> Prepared:
    """Find, split and read all layer sets; `track` shows how far it is."""
    found = [files for index, source in enumerate(sources) for files in find_layer_sets(source, index)]
    parts = split(sources, found, share=share, seed=seed)
    samples = {files: prepare(files, sources[files.source], spec, folder) for files in track(found)}
    return Prepared(
        spec=spec,
        sources=tuple(sources),
        training=tuple(samples[files] for files in parts.training),
        validation=tuple(samples[files] for files in parts.validation),
        rules=parts.rules,
        data=data_hash(found),
    )
