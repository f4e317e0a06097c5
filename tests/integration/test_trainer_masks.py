"""`python -m trainer masks` on builds that the simulator prints."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from layerwatch.vision.read import read_picture
from simulator.__main__ import main as simulate
from trainer.__main__ import main
from trainer.regenerate.method import DEFAULT, Method
from trainer.sources import find_layer_sets, parse_sources

STARTER = Path(__file__).parents[2] / "models" / "starter"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pictures/build7 and truth/build7: four layers under three lights, both stages."""
    root = tmp_path_factory.mktemp("printed")
    arguments = f"--truth {root}/truth/build7 --layers 4 --size 320 --period 0 --seed 5 --write plain --defect-rate 0.8"
    assert simulate(["run", "--out", f"{root}/pictures/build7", *arguments.split()]) == 0
    return root


@pytest.fixture
def masks(printed: Path, tmp_path: Path) -> Callable[..., int]:
    def run(*options: str, pictures: Path = printed / "pictures") -> int:
        return main(["masks", str(pictures), str(tmp_path / "out"), "--profile", "nist-ammt", *options])

    return run


def test_each_layer_set_gets_a_mask_named_by_its_key(masks: Callable[..., int], tmp_path: Path) -> None:
    assert masks("--json", str(tmp_path / "report.json"), "--sheet", str(tmp_path / "sheet.png")) == 0

    written = sorted(path.stem for path in (tmp_path / "out").glob("*.png"))
    report = json.loads((tmp_path / "report.json").read_text())
    mask = read_picture(tmp_path / "out" / f"{written[0]}.png").pixels
    assert written == [f"nist-ammt_build7_{layer:06d}_{stage}" for layer in range(1, 5) for stage in ("melt", "recoat")]
    assert mask.shape == (320, 320)
    assert set(np.unique(mask)) <= {0, 128, 255}
    assert sorted(layer["key"] for layer in report["layer_sets"]) == written
    ratios = {layer["key"]: layer["defect_ratio"] for layer in report["layer_sets"]}
    assert ratios[written[0]] == pytest.approx((mask == 255).mean())
    assert read_picture(tmp_path / "sheet.png").pixels.shape[1] > 1_500


@pytest.mark.parametrize("below", ["pictures", "pictures/build7"])
def test_a_training_finds_the_masks_and_knows_that_they_were_made(
    masks: Callable[..., int], printed: Path, tmp_path: Path, below: str
) -> None:
    pictures = printed / below
    assert masks(pictures=pictures) == 0

    (source,) = parse_sources([pictures], [str(tmp_path / "out")], ["nist-ammt"])
    found = find_layer_sets(source, 0)

    assert source.regenerated
    assert [files.mask.stem for files in found if files.mask] == [
        f"nist-ammt_build7_{files.layer:06d}_{files.stage}" for files in found
    ]
    assert len(found) == 8


def test_only_the_stage_that_is_asked_for_is_made(masks: Callable[..., int], tmp_path: Path) -> None:
    assert masks("--stage", "recoat") == 0

    assert len(list((tmp_path / "out").glob("*_recoat.png"))) == 4
    assert not list((tmp_path / "out").glob("*_melt.png"))


def test_the_default_method_beats_the_dark_threshold(
    masks: Callable[..., int], printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert masks("--truth", str(printed / "truth"), "--compare", "--json", str(tmp_path / "report.json")) == 0

    figures = json.loads((tmp_path / "report.json").read_text())["figures"]
    f1 = {(item["method"], item["stage"]): item["f1"] for item in figures}
    assert set(f1) == {(name, stage) for name in Method for stage in ("melt", "recoat")}
    assert f1["contrast", "recoat"] > f1["dark-threshold", "recoat"] + 0.3
    assert f1[DEFAULT, "recoat"] > f1["dark-threshold", "recoat"] + 0.3
    assert f1[DEFAULT, "recoat"] == f1["model", "recoat"]
    assert "dark-threshold" in capsys.readouterr().out


def test_without_a_network_nothing_learned_can_mark(
    masks: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = ("--bundle", str(tmp_path / "none"), "--registry", str(tmp_path / "registry"))

    assert masks(*missing) == 2
    assert "there is no model" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert masks("--method", "contrast", *missing) == 0
    assert json.loads((tmp_path / "out" / "masks.json").read_text())["model"] is None


def test_a_changed_network_is_refused(
    masks: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = copytree(STARTER, tmp_path / "changed")
    network = changed / "float32.onnx"
    network.write_bytes(network.read_bytes()[:-1] + b"!")

    assert masks("--bundle", str(changed)) == 2
    assert "float32.onnx" in capsys.readouterr().err


def test_what_only_the_contrast_sees_is_left_open(masks: Callable[..., int], tmp_path: Path) -> None:
    made = {}
    for method in ("model", "contrast", "checked-model"):
        assert masks("--method", method) == 0
        made[method] = np.stack([read_picture(path).pixels for path in sorted((tmp_path / "out").glob("*.png"))])

    only_contrast = (made["contrast"] == 255) & (made["model"] == 0)
    assert only_contrast.any()
    assert (made["checked-model"][only_contrast] == 128).all()
    assert (made["checked-model"] == made["model"])[~only_contrast].all()


def test_a_picture_that_cannot_be_read_is_told_and_left_out(
    masks: Callable[..., int], printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "pictures" / "build7"
    copy.mkdir(parents=True)
    for path in (printed / "pictures" / "build7").iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "A0002b.PNG").write_bytes(b"half")

    assert masks(pictures=tmp_path / "pictures") == 0

    assert len(list((tmp_path / "out").glob("*.png"))) == 7
    assert "A0002b.PNG" in capsys.readouterr().out.replace("\n", "")


def test_files_that_the_command_did_not_write_are_not_replaced(
    masks: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "drawn.png").write_bytes(b"by hand")

    assert masks() == 2

    assert "holds files that this command did not write" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["drawn.png"]


@pytest.mark.parametrize(
    ("options", "message"),
    [(("--votes", "4"), "has 3 lights; give 1 to 3"), (("--truth", "nowhere"), "there is no folder nowhere")],
)
def test_what_makes_no_sense_is_refused(
    masks: Callable[..., int], options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert masks(*options) == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_pictures_is_refused(
    masks: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()

    assert masks(pictures=tmp_path / "empty") == 2
    assert "has a name as in the profile nist-ammt" in capsys.readouterr().err


def test_masks_are_not_written_among_the_pictures(printed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = printed / "pictures"

    assert main(["masks", str(pictures), str(pictures / "masks"), "--profile", "nist-ammt"]) == 2
    assert "give another OUT" in capsys.readouterr().err
