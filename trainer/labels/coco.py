"""COCO: one JSON file for many pictures."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, FiniteFloat, NonNegativeInt, PositiveInt

from layerwatch.errors import TrainingError
from trainer.labels.documents import checked
from trainer.labels.shapes import Drawing, Outline, Point, Shape

_CORNERS: Final = 3  # of the simplest polygon


class _Picture(BaseModel):
    id: int | str
    file_name: str
    width: PositiveInt | None = None
    height: PositiveInt | None = None


class _Category(BaseModel):
    id: int | str
    name: Annotated[str, Field(min_length=1)]


class _Runs(BaseModel):
    size: tuple[PositiveInt, PositiveInt]  # height, width
    counts: tuple[NonNegativeInt, ...] | str


class _Annotation(BaseModel):
    image_id: int | str
    category_id: int | str
    segmentation: tuple[tuple[FiniteFloat, ...], ...] | _Runs | None = None
    bbox: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None  # left, top, width, height
    iscrowd: bool = False


class _File(BaseModel):
    images: tuple[_Picture, ...]
    categories: tuple[_Category, ...] = ()
    annotations: tuple[_Annotation, ...] = ()


def read_coco(content: Mapping[str, Any], path: Path) -> tuple[Drawing, ...]:
    """Return what a COCO file holds, one drawing a picture; a picture without annotations is clean.

    An outline is taken before the box around it, and what is a crowd is ignored.

    Raises:
        TrainingError: a field is missing or wrong, or an annotation is empty or names what is not there.
    """
    file = checked(_File, content, path)
    pictures = {picture.id: picture for picture in file.images}
    if len(pictures) != len(file.images):
        raise TrainingError(f"{path}: two images have the same id")
    names = {category.id: category.name for category in file.categories}
    shapes: dict[int | str, list[Shape]] = defaultdict(list)
    for number, annotation in enumerate(file.annotations, 1):
        where = f"{path}: annotation {number}"
        if annotation.image_id not in pictures:
            raise TrainingError(f"{where} is of image {annotation.image_id}, which the file does not list")
        if annotation.category_id not in names:
            raise TrainingError(f"{where} is of category {annotation.category_id}, which the file does not list")
        picture = pictures[annotation.image_id]
        shapes[picture.id] += _shapes(annotation, names[annotation.category_id], picture, where)
    return tuple(
        Drawing(file=path, picture=one.file_name, size=_size(one), shapes=tuple(shapes[key]))
        for key, one in pictures.items()
    )


def _size(picture: _Picture) -> tuple[int, int] | None:
    return (picture.width, picture.height) if picture.width and picture.height else None


def _shapes(annotation: _Annotation, name: str, picture: _Picture, where: str) -> Iterator[Shape]:
    drawn, ignore = annotation.segmentation, annotation.iscrowd
    if isinstance(drawn, _Runs):
        yield Shape(name=name, outline=Outline.RUNS, runs=_runs(drawn, picture, where), ignore=ignore)
    elif drawn:
        for flat in drawn:
            yield Shape(name=name, outline=Outline.POLYGON, points=_corners(flat, where), ignore=ignore)
    elif annotation.bbox is not None:
        left, top, width, height = annotation.bbox
        if width <= 0 or height <= 0:
            raise TrainingError(f"{where} ({name}) has an empty box: {width:g} x {height:g} px")
        corners = ((left, top), (left + width, top + height))
        yield Shape(name=name, outline=Outline.BOX, points=corners, ignore=ignore)
    else:
        raise TrainingError(f"{where} ({name}) has neither a segmentation nor a bbox")


def _corners(flat: tuple[float, ...], where: str) -> tuple[Point, ...]:
    if len(flat) < 2 * _CORNERS or len(flat) % 2:
        raise TrainingError(f"{where}: a polygon of {len(flat)} numbers; it takes x and y of three corners or more")
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _runs(drawn: _Runs, picture: _Picture, where: str) -> tuple[int, ...]:
    if isinstance(drawn.counts, str):
        raise TrainingError(f"{where} is a compressed run-length mask; export polygons or uncompressed counts")
    height, width = drawn.size
    if _size(picture) not in {None, (width, height)}:
        raise TrainingError(
            f"{where}: its mask is {width} x {height} px, its picture {picture.width} x {picture.height}"
        )
    if sum(drawn.counts) != height * width:
        raise TrainingError(f"{where}: its runs hold {sum(drawn.counts)} pixels, its size {height * width}")
    return drawn.counts
