"""From the options to samples that lie ready on disk, training and validation apart."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from layerwatch.bundle import InputSpec, Manifest
from layerwatch.errors import TrainingError
from trainer.regression import RegressionSet
from trainer.sources import LayerFiles, Source, find_layer_sets
from trainer.split import split
from trainer.store import Sample, data_hash, prepare

_EVER: Final = datetime.min.replace(tzinfo=UTC)
Track = Callable[[Iterable[LayerFiles]], Iterable[LayerFiles]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The data of one training run.

    Attributes:
        spec: how it was prepared.
        rules: how it was split.
        data: hash over all files.
        in_service: version of the model that is in service, empty for none.
        corrected_since: layer sets that people corrected after it was made; after nothing, if there is none.
        left_out: layer sets that the regression set holds, and that are therefore in neither part.
    """

    spec: InputSpec
    sources: tuple[Source, ...]
    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    rules: tuple[str, ...]
    data: str
    in_service: str = ""
    corrected_since: int = 0
    left_out: int = 0

    @property
    def corrected(self) -> int:
        """How many layer sets people corrected."""
        return sum(bool(sample.files.corrections) for sample in (*self.training, *self.validation))

    @property
    def summary(self) -> str:
        """What a person wants to know before a long run, in one or more lines."""
        samples = (*self.training, *self.validation)
        labelled = sum(sample.files.labelled for sample in samples)
        lines = [
            f"{len(self.training)} layer sets to learn from, {len(self.validation)} held back ({'; '.join(self.rules)})"
        ]
        if labelled:
            lines.append(f"{labelled} of the {len(samples)} layer sets carry labels of people, which win over masks")
        if self.corrected:
            since = f", {self.corrected_since} of them since {self.in_service} was made" if self.in_service else ""
            lines.append(f"{self.corrected} layer sets carry corrections{since}")
        if self.left_out:
            lines.append(f"{self.left_out} layer sets are left out: the regression set of this model holds them")
        return "\n".join(lines)


def prepare_all(  # noqa: PLR0913 - each a thing of its own
    sources: Sequence[Source],
    spec: InputSpec,
    folder: Path,
    *,
    share: float,
    seed: int,
    track: Track,
    regression: RegressionSet | None = None,
    in_service: Manifest | None = None,
) -> Prepared:
    """Find, split and read all layer sets but those of the regression set; `track` shows how far it is.

    Raises:
        TrainingError: there are none, or they cannot be read or split.
    """
    everything = [files for index, source in enumerate(sources) for files in find_layer_sets(source, index)]
    found = regression.without(everything) if regression else tuple(everything)
    if not found:
        raise TrainingError("all layer sets are in the regression set, which is never learned from: give others")
    parts = split(sources, found, share=share, seed=seed)
    samples = {files: prepare(files, sources[files.source], spec, folder) for files in track(found)}
    return Prepared(
        spec=spec,
        sources=tuple(sources),
        training=tuple(samples[files] for files in parts.training),
        validation=tuple(samples[files] for files in parts.validation),
        rules=parts.rules,
        data=data_hash(found),
        in_service=in_service.version if in_service else "",
        corrected_since=sum(_corrected_after(files, in_service.created if in_service else _EVER) for files in found),
        left_out=len(everything) - len(found),
    )


def _corrected_after(files: LayerFiles, time: datetime) -> bool:
    written = (drawing.file.stat().st_mtime for drawing in files.corrections)
    return any(datetime.fromtimestamp(seconds, UTC) > time for seconds in written)
