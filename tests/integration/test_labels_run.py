"""Labels of every format from the command line, and a training run that takes them and leaves the frozen set out."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.bundle import load_manifest
from layerwatch.registry import Registry
from simulator.__main__ import main as simulate
from trainer.__main__ import main

LABELME = json.dumps(
    {
        "imagePath": "A0001a.PNG",
        "shapes": [
            {"label": "streak", "points": [[10, 20], [60, 20], [60, 30], [10, 30]], "shape_type": "polygon"},
            {"label": "ignore", "points": [[80, 80], [300, 100]], "shape_type": "rectangle"},
        ],
    }
)
COCO = json.dumps(
    {
        "images": [{"id": 1, "file_name": "A0001b.PNG", "width": 160, "height": 160}],
        "categories": [{"id": 1, "name": "streak"}],
        "annotations": [
            {"image_id": 1, "category_id": 1, "segmentation": [[10, 20, 60, 20, 60, 30, 10, 30]]},
            {"image_id": 1, "category_id": 1, "bbox": [80, 80, 220, 20], "iscrowd": 1},
        ],
    }
)
VOC = """<annotation><filename>A0001c.PNG</filename>
<object><name>streak</name><bndbox>
<xmin>11</xmin><ymin>21</ymin><xmax>60</xmax><ymax>30</ymax></bndbox></object>
<object><name>streak</name><difficult>1</difficult><bndbox>
<xmin>81</xmin><ymin>81</ymin><xmax>300</xmax><ymax>100</ymax></bndbox></object></annotation>"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight layers in both stages, all with defects."""
    root = tmp_path_factory.mktemp("printed")
    command = f"run --out {root / 'images'} --truth {root / 'truth'} --layers 8 --period 0 --size 160"
    assert simulate([*command.split(), "--defect-rate", "1", "--write", "plain", "--seed", "5"]) == 0
    return root


def drawn_png(folder: Path) -> None:
    mask = np.zeros((160, 160), np.uint8)
    mask[20:30, 10:60] = 255
    mask[80:100, 80:] = 128
    cv2.imwrite(str(folder / "A0001a.png"), mask)


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", LABELME), ("all.json", COCO), ("a.xml", VOC), ("A0001a.png", None)]
)
def test_every_format_becomes_the_same_mask(
    printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | None
) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    if content is None:
        drawn_png(folder)
    else:
        (folder / name).write_text(content, encoding="utf-8")
    command = f"labels {folder} {tmp_path / 'out'} --images {printed / 'images'} --profile nist-ammt".split()

    assert main(command) == 0

    mask = cv2.imread(str(next((tmp_path / "out").rglob("000001_recoat.png"))), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    assert mask.shape == (160, 160)
    assert (mask[20:30, 10:60] == 255).all()
    assert np.count_nonzero(mask == 255) <= 52 * 12
    assert np.count_nonzero(mask == 128) >= 20 * 80
    assert np.count_nonzero(mask == 128) <= 22 * 82
    said = capsys.readouterr().out
    assert "1 layer sets with labels" in said
    assert ("reached out" in said) is (content is not None)
    if content is not None:
        assert json.loads((tmp_path / "out" / "classes.json").read_text(encoding="utf-8")) == {"101": "streak"}
    assert main(command) == 2
    assert "is there already" in capsys.readouterr().err
    assert main([*command, "--replace"]) == 0


@pytest.mark.torch
@pytest.mark.usefixtures("two_ways_to_int8")
def test_a_run_takes_labels_and_never_learns_from_the_frozen_set(
    printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    frozen, labels, registry = tmp_path / "frozen", tmp_path / "labels", tmp_path / "registry"
    corrections = tmp_path / "corrections"
    for folder in (frozen, labels, corrections):
        folder.mkdir()
    for picture in (printed / "images").rglob("B0008*"):
        shutil.copy(picture, frozen / picture.name)
    (labels / "a.json").write_text(LABELME, encoding="utf-8")
    (corrections / "a.json").write_text(LABELME.replace("streak", "false-alarm"), encoding="utf-8")

    assert (
        main(f"regression tiny --images {frozen} --masks clean --profile nist-ammt --registry {registry}".split()) == 0
    )
    status = main(
        (
            f"train --images {printed / 'images'} --masks {printed / 'truth'} --labels {labels} --profile nist-ammt "
            f"--corrections {corrections} --paste 0.5 "
            "--encoder-weights none --decoder-channels 16,16,8,8,8 --crop 64 --batch 2 --steps 2 --validate-every 1 "
            "--validation-share 0.5 --threads 1 --device cpu --name tiny --version 1 "
            f"--work {tmp_path / 'work'} --registry {registry}"
        ).split()
    )

    output = capsys.readouterr()
    said = " ".join(output.out.split())
    assert status == 0, output.err
    assert "1 layer sets are frozen in" in said
    assert "1 of the 15 layer sets carry labels of people" in said
    assert "1 layer sets carry corrections" in said
    assert "1 layer sets are left out: the regression set of this model holds them" in said
    data = load_manifest(Registry(registry).resolve("tiny/1")).lineage["data"]
    assert data["regression_layer_sets_left_out"] == 1
    assert data["sources"][0]["labelled"] == 1
    assert data["corrected_since"] == {"version": "", "layer_sets": 1}
    assert [(part["stage"], part["layers"]) for part in data["held_back"]] == [("melt", "5-7"), ("recoat", "5-8")]
