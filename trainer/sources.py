"""Where the layer sets for training and measuring come from: folders of pictures, each with its masks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from layerwatch.errors import TrainingError
from layerwatch.layers import Stage
from layerwatch.profile import Profile, load_profile

Value = TypeVar("Value")

CLEAN = "clean"
THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One folder of pictures.

    Attributes:
        images: the folder, as the printer wrote it.
        masks: folder with the masks; `clean` if no picture shows a defect; `threshold` to make masks by thresholding.
        profile: how the file names read.
        weight: share of the training crops relative to the other sources; None for the number of layer sets.
        defect_classes: grey values of the mask that are defects; empty for every value above 127.
    """

    images: Path
    masks: Path | str
    profile: Profile
    weight: float | None = None
    defect_classes: frozenset[int] = frozenset()

    @property
    def regenerated(self) -> bool:
        """Whether the masks are made by thresholding, so that figures against them are no recall."""
        return self.masks == THRESHOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFiles:
    """The files of one complete layer set; `mask` is None where the source has none."""

    source: int
    build: str
    layer: int
    stage: Stage
    pictures: tuple[Path, ...]  # sorted by light
    mask: Path | None = None
    kinds: Path | None = None

    @property
    def name(self) -> str:
        return f"{self.build or self.pictures[0].parent.name}/{self.layer:06d}_{self.stage}"


def parse_sources(
    images: Sequence[Path],
    masks: Sequence[str],
    profiles: Sequence[str],
    weights: Sequence[float] = (),
    defect_classes: Sequence[str] = (),
) -> tuple[Source, ...]:
    """Return the sources that parallel lists of options describe.

    One profile or one list of defect classes stands for all sources; without masks they are made by thresholding.

    Raises:
        TrainingError: the lists do not fit together, or a folder is not there.
    """
    number = len(images)
    columns = zip(
        images,
        _spread("--masks", masks or [THRESHOLD] * number, number, repeat=False),
        _spread("--profile", profiles, number),
        _spread("--weight", weights or [None], number),
        _spread("--defect-classes", defect_classes or [""], number),
        strict=True,
    )
    return tuple(_source(*column) for column in columns)


def find_layer_sets(source: Source, index: int) -> tuple[LayerFiles, ...]:
    """Return the complete layer sets of a source, in the order of build, layer and stage.

    Raises:
        TrainingError: no file name fits the profile, no set is complete, or a set has no mask.
    """
    captures: dict[tuple[str, int, Stage], dict[str, Path]] = defaultdict(dict)
    for path in sorted(path for path in source.images.rglob("*") if path.is_file()):
        name = source.profile.read_name(PurePosixPath(path.relative_to(source.images).as_posix()))
        if name is not None:
            captures[name.build, name.layer, name.stage][name.light] = path
    if not captures:
        raise TrainingError(f"no picture in {source.images} has a name as in the profile {source.profile.name}")
    lights = source.profile.expected_lights
    complete = [key for key in sorted(captures) if set(captures[key]) == set(lights)]
    if not complete:
        raise TrainingError(f"no layer set in {source.images} has all lights of the profile {source.profile.name}")
    return tuple(_with_masks(source, index, key, [captures[key][light] for light in lights]) for key in complete)


def _with_masks(source: Source, index: int, key: tuple[str, int, Stage], pictures: list[Path]) -> LayerFiles:
    build, layer, stage = key
    mask = kinds = None
    if isinstance(source.masks, Path):
        mask = _find_mask(source.images, source.masks, layer, stage, pictures[0])
        beside = mask.with_name(f"{mask.stem}-kinds.png")
        kinds = beside if beside.is_file() else None
    return LayerFiles(
        source=index, build=build, layer=layer, stage=stage, pictures=tuple(pictures), mask=mask, kinds=kinds
    )


def _find_mask(images: Path, masks: Path, layer: int, stage: Stage, picture: Path) -> Path:
    folder = masks / picture.parent.relative_to(images)
    names = (f"{layer:06d}_{stage}.png", f"{picture.stem}.png")
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        raise TrainingError(f"{picture} has no mask: neither {names[0]} nor {names[1]} is in {folder}")
    return found


def _spread(option: str, values: Sequence[Value], number: int, *, repeat: bool = True) -> Sequence[Value]:
    if len(values) == 1 and repeat:
        return list(values) * number
    if len(values) != number:
        raise TrainingError(f"{option} is given {len(values)} times for {number} --images; give it once for each")
    return values


def _source(images: Path, masks: str, profile: str, weight: float | None, classes: str) -> Source:
    if not images.is_dir():
        raise TrainingError(f"there is no folder {images}")
    if masks not in {CLEAN, THRESHOLD} and not Path(masks).is_dir():
        raise TrainingError(f"--masks {masks}: neither a folder nor one of the words {CLEAN} and {THRESHOLD}")
    if weight is not None and weight <= 0:
        raise TrainingError(f"--weight {weight}: expected a number above 0")
    return Source(
        images=images,
        masks=masks if masks in {CLEAN, THRESHOLD} else Path(masks),
        profile=load_profile(profile),
        weight=weight,
        defect_classes=frozenset(_class_numbers(classes)),
    )


def _class_numbers(text: str) -> Iterator[int]:
    for part in filter(None, text.split(",")):
        if not part.strip().isdigit() or not 0 < int(part) <= 255:
            raise TrainingError(f"--defect-classes {text}: expected numbers from 1 to 255 with commas, as 2,3,4,5")
        yield int(part)
