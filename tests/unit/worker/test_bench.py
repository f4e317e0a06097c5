"""What `python -m worker bench` prints; how long anything takes is not asserted."""

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from rich.console import Console

from layerwatch.errors import SettingsError
from layerwatch.profile import load_profile
from layerwatch.vision.read import read_picture
from worker.__main__ import main
from worker.bench.pictures import LAYERS, parse_size, write_pictures
from worker.bench.report import steps_table
from worker.bench.run import Sample, quantile


def test_pictures_are_as_the_profile_says(tmp_path: Path) -> None:
    profile = load_profile("nist-ammt")

    write_pictures(tmp_path, profile, size=(96, 64))

    names = [profile.read_name(PurePosixPath(path.name)) for path in sorted(tmp_path.iterdir())]
    assert [(name.layer, name.light) for name in names if name is not None] == [
        (layer, light) for layer in range(1, LAYERS + 1) for light in "abc"
    ]
    picture = read_picture(tmp_path / "A0001a.PNG")
    assert picture.pixels.shape == (64, 96)
    assert picture.bits == 16
    assert not np.array_equal(picture.pixels, read_picture(tmp_path / "A0002a.PNG").pixels)


@pytest.mark.parametrize("text", ["1000", "1000x", "10x1000", "1000x99999", "axb"])
def test_a_wrong_size_is_told_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match="1280x1024"):
        parse_size(text)


def test_quantiles_lie_between_the_values() -> None:
    assert quantile([3.0], 0.95) == 3.0
    assert quantile([1.0, 2.0, 3.0], 0.5) == 2.0
    assert quantile([float(number) for number in range(101)], 0.95) == pytest.approx(95.0)


def test_a_step_that_did_not_take_place_has_no_row() -> None:
    samples = [Sample(megapixels=2.0, seconds={"read": 0.010, "other": 0.030})] * 3
    console = Console(record=True, width=100)

    console.print(steps_table(samples))

    rows = [line.split() for line in console.export_text().splitlines() if "│" in line]
    assert [[cell for cell in row if cell != "│"] for row in rows] == [
        ["read", "10.0", "10.0", "5.0", "25%"],
        ["other", "30.0", "30.0", "15.0", "75%"],
        ["in", "all", "40.0", "40.0", "20.0"],
    ]


def test_the_command_names_the_model_and_every_step(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["bench", "--model", str(tiny_bundle), "--size", "96x64", "--rounds", "3"])

    printed = capsys.readouterr().out
    assert status == 0
    assert "tiny/1, int8 on openvino; 3 inspections of 3 lights" in printed
    for step in ("read", "preprocess", "inference", "postprocess", "artifacts", "publish", "in all"):
        assert step in printed


def test_pictures_that_cannot_be_read_are_an_error(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "layer_1.png").write_bytes(b"no picture")

    status = main(["bench", str(tmp_path), "--profile", "single-light", "--model", str(tiny_bundle), "--rounds", "3"])

    assert status == 2
    assert "layer_1.png" in capsys.readouterr().err
