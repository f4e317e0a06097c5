"""Where the layer sets for training and measuring come from: folders of pictures, each with its masks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from layerwatch.errors import TrainingError
from layerwatch.layers import LayerKey, Stage, safe_name
from layerwatch.profile import Profile, load_profile
from trainer.labels.corrections import find_corrections
from trainer.labels.folder import Label, find_labels
from trainer.labels.pictures import Key
from trainer.labels.rules import LabelRules, Role, parse_rules
from trainer.labels.shapes import Drawing
from trainer.option_lists import class_numbers, spread

CLEAN = "clean"
THRESHOLD = "threshold"
SKIP = "skip"
NONE = "none"
WORDS = frozenset({CLEAN, THRESHOLD, SKIP})


MADE_MASKS = "masks.json"  # lies beside masks that `trainer masks` made


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One folder of pictures.

    Attributes:
        images: the folder, as the printer wrote it.
        masks: folder with the masks; `clean` if no picture shows a defect; `threshold` to make masks by thresholding;
            `skip` to leave out what has no labels.
        profile: how the file names read.
        weight: share of the training crops relative to the other sources; None for the number of layer sets.
        paste: share of its crops, 0..1, that get a small or thin defect copied from one of the same profile.
        hairlines: share of its crops, 0..1, into which faint lines are drawn.
        defect_classes: grey values of the mask that are defects; empty for every value above 128.
        labels: what people drew, a file or a folder; wins over the masks, layer set by layer set.
        rules: how labels are read.
        corrections: what people said of verdicts, a file or a folder; drawn over labels and masks.
    """

    images: Path
    masks: Path | str
    profile: Profile
    weight: float | None = None
    paste: float = 0.0
    hairlines: float = 0.0
    defect_classes: frozenset[int] = frozenset()
    labels: Path | None = None
    rules: LabelRules = field(default_factory=LabelRules)
    corrections: Path | None = None

    @property
    def regenerated(self) -> bool:
        """Whether the masks are made from the pictures, so that figures against them are no recall."""
        return self.masks == THRESHOLD or (isinstance(self.masks, Path) and (self.masks / MADE_MASKS).is_file())


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFiles:
    """The files of one complete layer set.

    Attributes:
        pictures: sorted by light.
        mask, kinds: what shows the defects, and their kinds; None where the source has none.
        drawings: what people drew over the pictures, in place of a mask.
        corrections: what they drew over that, where a verdict was wrong.
        labelled: mask or drawings are labels, that is, they are the work of people.
    """

    source: int
    build: str
    layer: int
    stage: Stage
    pictures: tuple[Path, ...]
    mask: Path | None = None
    kinds: Path | None = None
    drawings: tuple[Drawing, ...] = ()
    corrections: tuple[Drawing, ...] = ()
    labelled: bool = False

    @property
    def name(self) -> str:
        return f"{self.build or self.pictures[0].parent.name}/{self.layer:06d}_{self.stage}"


def parse_sources(  # noqa: PLR0913 - one parameter an option
    images: Sequence[Path],
    masks: Sequence[str],
    profiles: Sequence[str],
    weights: Sequence[float] = (),
    defect_classes: Sequence[str] = (),
    *,
    pastes: Sequence[float] = (),
    hairlines: Sequence[float] = (),
    labels: Sequence[str] = (),
    label_classes: Sequence[str] = (),
    label_boxes: Role = Role.DEFECT,
    corrections: Sequence[str] = (),
) -> tuple[Source, ...]:
    """Return the sources that parallel lists of options describe.

    One profile or one list of classes stands for all sources; without masks they are made by thresholding.

    Raises:
        TrainingError: the lists do not fit together, or a folder is not there.
    """
    number = len(images)
    columns = zip(
        images,
        spread("--masks", masks or [THRESHOLD] * number, number, repeat=False),
        spread("--profile", profiles, number),
        spread("--weight", weights or [None], number),
        spread("--paste", pastes or [0.0], number),
        spread("--hairlines", hairlines or [0.0], number),
        spread("--defect-classes", defect_classes or [""], number),
        spread("--labels", labels or [NONE] * number, number, repeat=False),
        [parse_rules(classes, label_boxes) for classes in spread("--label-classes", label_classes or [""], number)],
        spread("--corrections", corrections or [NONE] * number, number, repeat=False),
        strict=True,
    )
    return tuple(_source(*column) for column in columns)


def find_layer_sets(source: Source, index: int) -> tuple[LayerFiles, ...]:
    """Return the complete layer sets of a source, in the order of build, layer and stage.

    Raises:
        TrainingError: no file name fits the profile, no set is complete, a label cannot be used, or a set has neither
            label nor mask.
    """
    captures: dict[Key, dict[str, Path]] = defaultdict(dict)
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
    taken = {key: tuple(lights.values()) for key, lights in captures.items()}
    labels: dict[Key, Label] = {}
    if source.labels is not None:
        labels = find_labels(source.labels, source.rules, source.images, taken)
    corrections: dict[Key, tuple[Drawing, ...]] = {}
    if source.corrections is not None:
        corrections = find_corrections(source.corrections, source.images, taken)
    if source.masks == SKIP:
        complete = [key for key in complete if key in labels or key in corrections]
    if not complete:
        raise TrainingError(f"none of the complete layer sets in {source.images} has labels")
    return tuple(
        _layer_files(
            source,
            index,
            key,
            tuple(captures[key][light] for light in lights),
            label=labels.get(key),
            corrections=corrections.get(key, ()),
        )
        for key in complete
    )


def _layer_files(  # noqa: PLR0913 - each a thing of its own
    source: Source,
    index: int,
    key: Key,
    pictures: tuple[Path, ...],
    *,
    label: Label | None,
    corrections: tuple[Drawing, ...],
) -> LayerFiles:
    build, layer, stage = key
    mask = label.mask if label else None
    if label is None and isinstance(source.masks, Path):
        mask = _find_mask(source.images, source.masks, layer_key(source, build, layer, stage), pictures[0])
    beside = mask.with_name(f"{mask.stem}-kinds.png") if mask else None
    return LayerFiles(
        source=index,
        build=build,
        layer=layer,
        stage=stage,
        pictures=pictures,
        mask=mask,
        kinds=beside if beside and beside.is_file() else None,
        drawings=label.drawings if label else (),
        corrections=corrections,
        labelled=label is not None,
    )


def layer_key(source: Source, build: str, layer: int, stage: Stage) -> LayerKey:
    """Return the key of a layer set; the folder stands for the build where the profile does not name it."""
    named = build or safe_name(source.images.resolve().name) or "build"
    return LayerKey(printer=source.profile.name, build=named, layer=layer, stage=stage)


def _find_mask(images: Path, masks: Path, key: LayerKey, picture: Path) -> Path:
    """Return the mask beside others of its build, or the one that `trainer masks` made."""
    folder = masks / picture.parent.relative_to(images)
    names = (f"{key.layer:06d}_{key.stage}.png", f"{picture.stem}.png")
    found = next((path for path in (*(folder / name for name in names), masks / f"{key}.png") if path.is_file()), None)
    if found is None:
        raise TrainingError(
            f"{picture} has no mask: neither {names[0]} nor {names[1]} is in {folder}, nor {key}.png in {masks}"
        )
    return found


def _source(  # noqa: PLR0913, PLR0917 - one option each
    images: Path,
    masks: str,
    profile: str,
    weight: float | None,
    paste: float,
    hairlines: float,
    classes: str,
    labels: str,
    rules: LabelRules,
    corrections: str,
) -> Source:
    if not images.is_dir():
        raise TrainingError(f"there is no folder {images}")
    if masks not in WORDS and not Path(masks).is_dir():
        raise TrainingError(f"--masks {masks}: neither a folder nor one of the words {', '.join(sorted(WORDS))}")
    if labels != NONE and not Path(labels).exists():
        raise TrainingError(f"--labels {labels}: neither a folder or file, nor the word {NONE}")
    if masks == SKIP and labels == NONE:
        raise TrainingError(f"--masks {SKIP} leaves out what has no labels: give --labels")
    if corrections != NONE and not Path(corrections).exists():
        raise TrainingError(f"--corrections {corrections}: neither a folder or file, nor the word {NONE}")
    if weight is not None and weight <= 0:
        raise TrainingError(f"--weight {weight}: expected a number above 0")
    for option, share in (("--paste", paste), ("--hairlines", hairlines)):
        if not 0 <= share <= 1:
            raise TrainingError(f"{option} {share}: expected a share from 0 to 1")
    return Source(
        images=images,
        masks=masks if masks in WORDS else Path(masks),
        profile=load_profile(profile),
        weight=weight,
        paste=paste,
        hairlines=hairlines,
        defect_classes=frozenset(class_numbers(classes)),
        labels=None if labels == NONE else Path(labels),
        rules=rules,
        corrections=None if corrections == NONE else Path(corrections),
    )
