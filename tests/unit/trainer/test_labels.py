"""Label files of every format, whole and broken."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from trainer.ignore import IGNORE
from trainer.kinds import kind_names
from trainer.labels.draw import draw_kinds, reaching_out
from trainer.labels.rules import FIRST_CORRECTED, FIRST_KIND, LabelRules, Role, decide, parse_rules
from trainer.labels.shapes import Drawing, Outline, Shape
from trainer.sources import SKIP, LayerFiles, find_layer_sets, parse_sources
from trainer.store import data_hash, read_layer, true_kinds

SIZE = (128, 160)
SQUARE = [[20, 30], [40, 30], [40, 50], [20, 50]]

Put = Callable[[str, object], Path]


@pytest.fixture
def put(tmp_path: Path, write_layer: Callable[..., None]) -> Put:
    """Write a label file below labels/, for pictures of two layers in build b1."""
    write_layer(1)
    write_layer(2)

    def write(name: str, content: object) -> Path:
        path = tmp_path / "labels" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def found(tmp_path: Path, *, classes: str = "", boxes: Role = Role.DEFECT, masks: str = SKIP) -> list[LayerFiles]:
    """The layer sets with what people said about them."""
    (source,) = parse_sources(
        [tmp_path / "images"],
        [masks],
        ["nist-ammt"],
        labels=[str(tmp_path / "labels")],
        label_classes=[classes],
        label_boxes=boxes,
    )
    return list(find_layer_sets(source, 0))


def drawn(tmp_path: Path, *, classes: str = "", boxes: Role = Role.DEFECT) -> NDArray[np.uint8]:
    """The kinds of the only labelled layer set."""
    (files,) = found(tmp_path, classes=classes, boxes=boxes)
    return draw_kinds(files.drawings, SIZE)


def labelme(*shapes: dict[str, Any], picture: str = "A0001b.PNG", **fields: object) -> dict[str, Any]:
    return {"shapes": list(shapes), "imagePath": picture, "imageWidth": 160, "imageHeight": 128, **fields}


def coco(*annotations: dict[str, Any], picture: str = "A0001a.PNG") -> dict[str, Any]:
    images = [{"id": 7, "file_name": picture, "width": 160, "height": 128}]
    listed = [{"image_id": 7, "category_id": 3} | annotation for annotation in annotations]
    return {"images": images, "categories": [{"id": 3, "name": "streak"}], "annotations": listed}


def voc(objects: str, *, picture: str = "A0001a.PNG", before: str = "") -> str:
    return (
        f"<?xml version='1.0'?>{before}<annotation><filename>{picture}</filename>"
        f"<size><width>160</width><height>128</height></size>{objects}</annotation>"
    )


def voc_object(name: str = "streak", box: tuple[object, ...] = (21, 31, 40, 50), difficult: int = 0) -> str:
    edges = "".join(
        f"<{edge}>{value}</{edge}>" for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    )
    return f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>{edges}</bndbox></object>"


def runs(mask: NDArray[np.bool_]) -> list[int]:
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flat, [not flat[-1]]]).astype(int)))
    return [int(length) for length in np.diff([0, *changes])]


def square() -> NDArray[np.bool_]:
    mask = np.zeros(SIZE, np.bool_)
    mask[30:50, 20:40] = True
    return mask


def same_area(kinds: NDArray[np.uint8], expected: NDArray[np.bool_]) -> bool:
    """Whether it is the same but for a border of one pixel, which polygons include."""
    grown = cv2.dilate(expected.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return bool((kinds[expected] > 0).all() and not (kinds[~grown] > 0).any())


@pytest.mark.parametrize(
    ("shape_type", "points"),
    [("polygon", SQUARE), ("rectangle", [[40, 50], [20, 30]]), ("rectangle", SQUARE), (None, SQUARE)],
)
def test_labelme_areas_are_filled(tmp_path: Path, put: Put, shape_type: str | None, points: list[list[int]]) -> None:
    put("b1/A0001b.json", labelme({"label": "streak", "points": points, "shape_type": shape_type}))

    kinds = drawn(tmp_path)

    assert same_area(kinds, square())
    assert set(np.unique(kinds)) == {0, FIRST_KIND}


def test_labelme_circles_and_lines_have_their_radius_and_width(tmp_path: Path, put: Put) -> None:
    circle = {"label": "spatter", "points": [[60, 60], [70, 60]], "shape_type": "circle"}
    thin = {"label": "streak", "points": [[0, 10], [160, 10]], "shape_type": "line"}
    wide = {"label": "streak", "points": [[0, 100], [80, 100], [159, 100]], "shape_type": "linestrip", "width": 9}
    put("b1/x.json", labelme(circle, thin, wide))

    kinds = drawn(tmp_path)

    assert abs(np.count_nonzero(kinds == FIRST_KIND) - np.pi * 10**2) < 40
    assert (kinds[:50, 80] > 0).sum() == 3
    assert (kinds[80:, 80] > 0).sum() == 9


@pytest.mark.parametrize("how", ["polygon", "runs", "bbox"])
def test_coco_areas_are_filled(tmp_path: Path, put: Put, how: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "polygon": {"segmentation": [[value for point in SQUARE for value in point]]},
        "runs": {"segmentation": {"size": list(SIZE), "counts": runs(square())}},
        "bbox": {"bbox": [20, 30, 20, 20], "segmentation": []},
    }
    put("all.json", coco(ways[how]))

    assert same_area(drawn(tmp_path), square())


def test_a_crowd_is_ignored_and_a_picture_without_annotations_is_clean(tmp_path: Path, put: Put) -> None:
    content = coco({"bbox": [20, 30, 20, 20], "iscrowd": 1})
    content["images"].append({"id": 8, "file_name": "b1/A0002a.PNG"})
    put("all.json", content)

    first, second = (draw_kinds(files.drawings, SIZE) for files in found(tmp_path))

    assert np.array_equal(first == IGNORE, square())
    assert not second.any()


def test_voc_boxes_count_from_one_and_difficult_ones_are_ignored(tmp_path: Path, put: Put) -> None:
    put("b1/A0001a.xml", voc(voc_object() + voc_object(box=(101, 101, 110, 110), difficult=1)))

    kinds = drawn(tmp_path)

    assert np.array_equal(kinds == FIRST_KIND, square())
    assert np.count_nonzero(kinds == IGNORE) == 100


def test_boxes_can_be_taken_as_too_coarse(tmp_path: Path, put: Put) -> None:
    put("b1/A0001a.xml", voc(voc_object()))

    assert np.array_equal(drawn(tmp_path, boxes=Role.IGNORE) == IGNORE, square())


def test_a_png_mask_of_a_person_is_read_with_its_ignored_pixels(tmp_path: Path, put: Put) -> None:
    put("b1/.keep", "")
    mask = np.where(square(), 255, 0).astype(np.uint8)
    mask[:10] = 128
    cv2.imwrite(str(tmp_path / "labels/b1/000001_recoat.png"), mask)
    (source,) = parse_sources([tmp_path / "images"], [SKIP], ["nist-ammt"], labels=[str(tmp_path / "labels")])
    (files,) = find_layer_sets(source, 0)

    kinds = true_kinds(files, source, read_layer(files, source)[0])

    assert files.labelled
    assert np.array_equal(kinds == 1, square())
    assert np.array_equal(kinds == IGNORE, mask == 128)


def test_a_picture_in_place_of_a_mask_is_refused(tmp_path: Path, put: Put) -> None:
    put("b1/.keep", "")
    cv2.imwrite(str(tmp_path / "labels/b1/A0001a.png"), np.arange(128 * 160).reshape(SIZE).astype(np.uint8))
    (source,) = parse_sources([tmp_path / "images"], [SKIP], ["nist-ammt"], labels=[str(tmp_path / "labels")])
    (files,) = find_layer_sets(source, 0)

    with pytest.raises(TrainingError, match=r"0, 128 \(to be ignored\) and 255; is it a picture"):
        true_kinds(files, source, read_layer(files, source)[0])


def test_labels_win_over_masks_layer_set_by_layer_set(tmp_path: Path, put: Put) -> None:
    put("b1/A0001b.json", labelme())
    before = found(tmp_path, masks="clean")
    put("b1/A0001b.json", labelme({"label": "streak", "points": SQUARE}))

    first, second = found(tmp_path, masks="clean")

    assert (first.labelled, second.labelled) == (True, False)
    assert kind_names([first, second]) == {FIRST_KIND: "streak"}
    assert data_hash([first]) != data_hash(before[:1])


def test_labels_over_several_lights_of_a_layer_add_up(tmp_path: Path, put: Put) -> None:
    put("b1/A0001a.json", labelme({"label": "x", "points": [[1, 1], [9, 1], [9, 9]]}, picture="A0001a.PNG"))
    put("b1/A0001c.json", labelme({"label": "x", "points": SQUARE}, picture="A0001c.PNG"))

    kinds = drawn(tmp_path)

    assert kinds[2, 7]
    assert kinds[40, 30]


@pytest.mark.parametrize("named", [r"..\pictures\A0001b.PNG", "/home/x/A0001b.jpg", "b1/A0001b.PNG", "000001_recoat"])
def test_a_picture_is_known_by_its_name_whatever_path_a_tool_wrote(tmp_path: Path, put: Put, named: str) -> None:
    put("b1/some.json", labelme({"label": "x", "points": SQUARE}, picture=named))

    assert found(tmp_path)[0].layer == 1


def test_a_name_that_two_builds_share_needs_its_folder(
    tmp_path: Path, put: Put, write_layer: Callable[..., None]
) -> None:
    write_layer(1, build="b2")
    put("loose.json", labelme())

    with pytest.raises(TrainingError, match="is the name of 2 pictures; put the labels into the same folders"):
        found(tmp_path)

    (tmp_path / "labels" / "loose.json").unlink()
    put("b2/fine.json", labelme())
    assert found(tmp_path)[0].build == "b2"


def test_labels_may_lie_beside_their_pictures(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "Image3.png"), np.full(SIZE, 90, np.uint8))
    shape = {"label": "x", "points": SQUARE}
    (tmp_path / "Image3.json").write_text(json.dumps(labelme(shape, picture="Image3.png")), encoding="utf-8")
    (source,) = parse_sources([tmp_path], [SKIP], ["single-light"], labels=[str(tmp_path)])

    assert [files.mask for files in find_layer_sets(source, 0)] == [None]


def test_a_defect_wins_over_an_ignored_region(tmp_path: Path, put: Put) -> None:
    around = {"label": "ignore", "points": [[10, 20], [50, 20], [50, 60], [10, 60]]}
    put("x.json", labelme({"label": "streak", "points": SQUARE}, around))

    kinds = drawn(tmp_path)

    assert kinds[40, 30] == FIRST_KIND
    assert kinds[22, 12] == IGNORE


def test_classes_can_be_defects_background_or_ignored(tmp_path: Path, put: Put) -> None:
    shapes = [{"label": name, "points": SQUARE} for name in ("part", "shadow")]
    put("x.json", labelme(*shapes, {"label": "streak", "points": [[100, 100], [120, 100], [120, 120]]}))

    kinds = drawn(tmp_path, classes="streak, part=background, shadow=ignore")

    assert kinds[40, 30] == IGNORE
    assert kinds[103, 117] == FIRST_KIND
    assert drawn(tmp_path, classes="part=background,shadow=background")[40, 30] == 0


def test_a_class_that_nobody_named_is_asked_for(tmp_path: Path, put: Put) -> None:
    put("x.json", labelme({"label": "streak", "points": SQUARE}, {"label": "spatter", "points": SQUARE}))

    with pytest.raises(TrainingError, match="does not say what spatter is; the labels have spatter, streak: add NAME"):
        found(tmp_path, classes="streak")


@pytest.mark.parametrize("text", ["=ignore", "streak=maybe"])
def test_rules_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(TrainingError, match="expected NAME, or NAME=defect"):
        parse_rules(text)


@pytest.mark.parametrize(("first", "most"), [(FIRST_KIND, 79), (FIRST_CORRECTED, 75)])
def test_no_more_classes_than_numbers_and_those_of_labels_are_none_of_corrections(first: int, most: int) -> None:
    shapes = tuple(Shape(name=f"c{n}", outline=Outline.BOX, points=((0, 0), (1, 1))) for n in range(most + 1))

    with pytest.raises(TrainingError, match=f"{most + 1} classes of defects, at most {most}"):
        decide([Drawing(file=Path("x"), picture="x", size=None, shapes=shapes)], LabelRules(), first)


def test_what_reaches_out_is_cut_and_counted() -> None:
    far = 1e300
    shapes = (
        Shape(name="x", outline=Outline.POLYGON, points=((-far, -far), (far, -far), (far, 10), (-far, 10)), kind=1),
        Shape(name="x", outline=Outline.BOX, points=((-50, 20), (-20, 30)), kind=2),
        Shape(name="x", outline=Outline.BOX, points=((150, 120), (900, 900)), kind=3),
        Shape(name="x", outline=Outline.CIRCLE, points=((60, 60), (61, 60)), kind=4),
    )
    drawing = Drawing(file=Path("x"), picture="x", size=None, shapes=shapes)

    kinds = draw_kinds([drawing], SIZE)

    assert (kinds[:9] == 1).all()
    assert not (kinds == 2).any()
    assert np.count_nonzero(kinds == 3) == 80
    assert reaching_out(drawing, SIZE) == 3


def test_labels_of_another_size_are_refused() -> None:
    drawing = Drawing(file=Path("a.json"), picture="A0001a.PNG", size=(80, 64), shapes=())

    with pytest.raises(TrainingError, match=r"drawn over A0001a\.PNG of 80 x 64 px, the picture is 160 x 128"):
        draw_kinds([drawing], SIZE)


DOCTYPE = "<!DOCTYPE a [<!ENTITY x 'xxxxxxxx'><!ENTITY y '&x;&x;&x;&x;'>]>"
BROKEN: list[tuple[str, object, str]] = [
    ("a.json", "{", "is no JSON"),
    ("a.json", "[" * 100_000, "is no JSON"),
    ("a.json", "[]", "expected a JSON object"),
    ("a.json", {"x": 1}, "neither LabelMe .* nor COCO"),
    ("a.json", labelme(picture="../../etc/passwd"), "no picture is called '../../etc/passwd'"),
    ("a.json", labelme(picture="A0003a.PNG"), "no picture is called 'A0003a.PNG'"),
    ("a.json", labelme({"label": "x", "points": []}), r"shape 1 \(x\) is a polygon of 0 points, it takes 3"),
    ("a.json", labelme({"label": "x", "points": [[1, 1]], "shape_type": "circle"}), "takes 2"),
    ("a.json", labelme({"label": "x", "points": [[1, 1], [1, 1]], "shape_type": "rectangle"}), "empty rectangle"),
    ("a.json", labelme({"label": "x", "points": [[1, 1]], "shape_type": "point"}), "is a 'point'; known are polygon"),
    ("a.json", labelme({"label": "", "points": SQUARE}), "shapes.0.label"),
    ("a.json", '{"shapes": [{"label": "x", "points": [[NaN, 1], [2, 2], [3, 3]]}]}', "finite number"),
    ("a.json", '{"shapes": [{"label": "x", "points": [[1e999, 1], [2, 2], [3, 3]]}]}', "finite number"),
    ("a.json", coco({"segmentation": [[1, 1, 2, 2]]}), "a polygon of 4 numbers"),
    ("a.json", coco({"bbox": [1, 1, 0, 5]}), "has an empty box"),
    ("a.json", coco({}), "neither a segmentation nor a bbox"),
    ("a.json", coco({"image_id": 9, "bbox": [1, 1, 2, 2]}), "of image 9, which the file does not list"),
    ("a.json", coco({"category_id": 9, "bbox": [1, 1, 2, 2]}), "of category 9"),
    ("a.json", coco({"segmentation": {"size": [128, 160], "counts": "abc"}}), "compressed run-length"),
    ("a.json", coco({"segmentation": {"size": [128, 160], "counts": [5, 10**12]}}), "its runs hold 1000000000005"),
    ("a.json", coco({"segmentation": {"size": [64, 80], "counts": [5120]}}), "its mask is 80 x 64 px"),
    ("a.json", coco({"segmentation": {"size": [128, 160], "counts": [-1, 20481]}}), "greater than or equal to 0"),
    ("a.xml", "<annotation>", "is no XML"),
    ("a.xml", "<kml/>", "expected <annotation>"),
    ("a.xml", voc("", before=DOCTYPE), "declares a document type"),
    ("a.xml", voc(voc_object(name="")), "an object has no name"),
    ("a.xml", voc(voc_object(box=(9, 9, 5, 20))), "the box of streak is empty"),
    ("a.xml", voc(voc_object(box=("nan", 9, 5, 20))), "is no number: 'nan'"),
    ("a.xml", voc("<object><name>x</name></object>"), "is no number: None"),
]


@pytest.mark.parametrize(("name", "content", "message"), BROKEN)
def test_a_broken_label_file_is_refused_and_named(
    tmp_path: Path, put: Put, name: str, content: object, message: str
) -> None:
    put(name, content)

    with pytest.raises(TrainingError, match=message):
        found(tmp_path)


def test_a_label_file_too_large_is_not_read(tmp_path: Path, put: Put) -> None:
    path = put("a.xml", "")
    with path.open("r+b") as file:
        file.truncate((8 << 20) + 1)

    with pytest.raises(TrainingError, match="larger than 8 MiB"):
        found(tmp_path)


def test_an_empty_folder_and_two_labels_of_one_layer_are_errors(tmp_path: Path, put: Put) -> None:
    put("notes.txt", "")
    with pytest.raises(TrainingError, match="holds no labels"):
        found(tmp_path)

    put("x.json", labelme())
    cv2.imwrite(str(tmp_path / "labels/000001_recoat.png"), np.zeros(SIZE, np.uint8))
    with pytest.raises(TrainingError, match="label the same layer set: keep one"):
        found(tmp_path)


def test_leaving_out_what_has_no_labels_needs_labels(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--masks skip leaves out what has no labels: give --labels"):
        parse_sources([tmp_path], [SKIP], ["nist-ammt"])
