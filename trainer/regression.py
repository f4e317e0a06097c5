"""A frozen set of layers that every new model is measured on, and that none ever learns from."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, PositiveInt, ValidationError

from layerwatch.atomic import write_atomic
from layerwatch.errors import TrainingError
from layerwatch.profile import Profile
from layerwatch.registry import checked_name
from trainer.labels.rules import LabelRules
from trainer.sources import WORDS, LayerFiles, Source, find_layer_sets
from trainer.store import data_hash

REGRESSION: Final = "regression.json"

Track = Callable[[Sequence[LayerFiles]], Iterable[LayerFiles]]


class Place(BaseModel):
    """One folder of pictures with its truth; see `Source`. Folders are absolute, `masks` is one or a word."""

    model_config = ConfigDict(frozen=True)

    images: Path
    masks: str
    labels: Path | None
    rules: LabelRules
    defect_classes: tuple[int, ...]
    profile: Profile

    @classmethod
    def of(cls, source: Source) -> Self:
        return cls(
            images=source.images.resolve(),
            masks=str(source.masks.resolve()) if isinstance(source.masks, Path) else source.masks,
            labels=source.labels.resolve() if source.labels else None,
            rules=source.rules,
            defect_classes=tuple(sorted(source.defect_classes)),
            profile=source.profile,
        )

    @property
    def source(self) -> Source:
        return Source(
            images=self.images,
            masks=self.masks if self.masks in WORDS else Path(self.masks),
            labels=self.labels,
            rules=self.rules,
            defect_classes=frozenset(self.defect_classes),
            profile=self.profile,
        )


class FrozenLayer(BaseModel):
    """One layer set: its name, and the SHA-256 and size in bytes of each of its pictures."""

    model_config = ConfigDict(frozen=True)

    name: str
    pictures: dict[str, PositiveInt]


class RegressionSet(BaseModel):
    """What a model of this name is measured on before it goes into service.

    Attributes:
        data: SHA-256 over all pictures, masks and labels, so that a change is noticed.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    created: AwareDatetime
    data: str
    places: tuple[Place, ...]
    layers: tuple[FrozenLayer, ...]

    def sources(self) -> tuple[Source, ...]:
        """Return where its layer sets lie."""
        return tuple(place.source for place in self.places)

    def layer_sets(self) -> tuple[LayerFiles, ...]:
        """Return its layer sets, to be measured on.

        Raises:
            TrainingError: they are not there, or no longer what was frozen.
        """
        found = _find(self.sources())
        if data_hash(found) != self.data:
            raise TrainingError(
                f"the regression set of {self.name} has changed since {self.created:%Y-%m-%d}: put its pictures, masks "
                f"and labels back, or freeze it anew with `python -m trainer regression {self.name} --replace`"
            )
        return found

    def without(self, layer_sets: Iterable[LayerFiles]) -> tuple[LayerFiles, ...]:
        """Return the layer sets of which no picture is in the set, under whatever name."""
        hashes = {digest for layer in self.layers for digest in layer.pictures}
        sizes = {size for layer in self.layers for size in layer.pictures.values()}

        def known(picture: Path) -> bool:  # a picture of another size need not be read
            return picture.stat().st_size in sizes and picture_hash(picture) in hashes

        return tuple(files for files in layer_sets if not any(map(known, files.pictures)))

    def holds(self, files: LayerFiles) -> bool:
        """Return whether any picture of a layer set is in the set."""
        return not self.without([files])


def freeze(name: str, sources: Sequence[Source], track: Track) -> RegressionSet:
    """Return the regression set that some sources make.

    Raises:
        TrainingError: they cannot be read, or a layer set has no truth but what thresholding makes.
    """
    found = _find(sources)
    for files in found:
        if sources[files.source].regenerated and not files.labelled:
            raise TrainingError(
                f"{files.name} has no truth: give --masks or --labels, or `--masks skip` for those with labels only"
            )
    return RegressionSet(
        name=checked_name(name),
        created=datetime.now(UTC),
        places=tuple(map(Place.of, sources)),
        layers=tuple(
            FrozenLayer(name=files.name, pictures={picture_hash(one): one.stat().st_size for one in files.pictures})
            for files in track(found)
        ),
        data=data_hash(found),
    )


def save_regression(registry: Path, regression: RegressionSet, *, replace: bool) -> Path:
    """Write REGISTRY/NAME/regression.json, whole or not at all, and return its path.

    Raises:
        TrainingError: there is one already, and `replace` is not asked for.
    """
    path = registry / regression.name / REGRESSION
    if path.exists() and not replace:
        raise TrainingError(
            f"{path} is there already; models before and after are comparable only on the same set: --replace if you "
            "mean it"
        )
    write_atomic(path, (regression.model_dump_json(indent=1) + "\n").encode())
    return path


def load_regression(registry: Path, name: str) -> RegressionSet | None:
    """Return the regression set of a model, or None where there is none.

    Raises:
        TrainingError: the file is damaged.
    """
    path = registry / checked_name(name) / REGRESSION
    if not path.is_file():
        return None
    try:
        return RegressionSet.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise TrainingError(f"{path} is damaged ({error.error_count()} mistakes): copy it again") from error


def picture_hash(picture: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits."""
    with picture.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(sources: Sequence[Source]) -> tuple[LayerFiles, ...]:
    return tuple(files for index, source in enumerate(sources) for files in find_layer_sets(source, index))
