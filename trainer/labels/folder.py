"""A folder or file of labels, sorted by the layer sets that they are for."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from layerwatch.errors import TrainingError
from trainer.labels.coco import read_coco
from trainer.labels.documents import read_json
from trainer.labels.labelme import read_labelme
from trainer.labels.pictures import Key, PictureNames
from trainer.labels.rules import FIRST_KIND, LabelRules, decide
from trainer.labels.shapes import Drawing
from trainer.labels.voc import read_voc

_DOCUMENTS = frozenset({".json", ".xml"})
_NAMES_ONLY = frozenset({"classes.json", "truth.json"})  # what the kinds of masks are called


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What people say about one layer set: a mask, or drawings over its pictures."""

    mask: Path | None = None
    drawings: tuple[Drawing, ...] = ()


def find_labels(
    place: Path,
    rules: LabelRules,
    images: Path,
    pictures: Mapping[Key, Collection[Path]],
    *,
    first_kind: int = FIRST_KIND,
) -> dict[Key, Label]:
    """Return the labels in a file, or in a folder and the folders below it.

    Args:
        place: PNG masks, LabelMe or COCO JSON, and Pascal VOC XML, also mixed, also beside the pictures themselves.
        rules: what the classes are.
        images: folder of the pictures.
        pictures: of each layer set.
        first_kind: number of the first class of defects.

    Raises:
        TrainingError: a file cannot be read, names no picture, or a layer set has a mask and drawings.
    """
    names = PictureNames(
        {key: [PurePosixPath(path.relative_to(images).as_posix()) for path in paths] for key, paths in pictures.items()}
    )
    root = place if place.is_dir() else place.parent
    files = label_files(place, {path.resolve() for paths in pictures.values() for path in paths})
    masks: dict[Key, Path] = {}
    drawings: list[Drawing] = []
    for file in files:
        if file.suffix.lower() in _DOCUMENTS:
            drawings += _read(file)
            continue
        key = names.find(file.name, folder=_below(file, root), file=file)
        if masks.setdefault(key, file) != file:
            raise TrainingError(f"{file} and {masks[key]} are masks of the same layer set: keep one of them")
    if not masks and not drawings:
        raise TrainingError(f"{place} holds no labels: neither PNG masks nor LabelMe, COCO or Pascal VOC files")
    drawn: dict[Key, list[Drawing]] = defaultdict(list)
    for drawing in decide(drawings, rules, first_kind):
        drawn[names.find(drawing.picture, folder=_below(drawing.file, root), file=drawing.file)].append(drawing)
    both = next(iter(sorted(masks.keys() & drawn.keys())), None)
    if both is not None:
        raise TrainingError(f"{masks[both]} and {drawn[both][0].file} label the same layer set: keep one of them")
    return {key: Label(mask=mask) for key, mask in masks.items()} | {
        key: Label(drawings=tuple(own)) for key, own in drawn.items()
    }


def label_files(place: Path, pictures: Collection[Path]) -> Iterator[Path]:
    """Yield the label files in a folder and below it, or the one that `place` is.

    A PNG is none that is a picture, or the copy of one beside the file that was drawn over it.
    """
    if place.is_file():
        if place.suffix.lower() not in {*_DOCUMENTS, ".png"}:
            raise TrainingError(f"{place}: labels are PNG masks, LabelMe or COCO .json, or Pascal VOC .xml")
        yield place
        return
    for path in sorted(path for path in place.rglob("*") if path.is_file() and not path.name.startswith(".")):
        suffix = path.suffix.lower()
        if suffix in _DOCUMENTS and path.name not in _NAMES_ONLY:
            yield path
        drawn_over = any(path.with_suffix(other).is_file() for other in _DOCUMENTS)
        if suffix == ".png" and not path.stem.endswith("-kinds") and not drawn_over and path.resolve() not in pictures:
            yield path


def _read(file: Path) -> tuple[Drawing, ...]:
    if file.suffix.lower() == ".xml":
        return (read_voc(file),)
    content = read_json(file)
    if "shapes" in content:
        return (read_labelme(content, file),)
    if "images" in content:
        return read_coco(content, file)
    raise TrainingError(f"{file} is neither LabelMe (no `shapes`) nor COCO (no `images`)")


def _below(file: Path, root: Path) -> PurePosixPath:
    return PurePosixPath(file.parent.relative_to(root).as_posix())
