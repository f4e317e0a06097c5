import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.errors import SettingsError
from layerwatch.layers import Stage
from layerwatch.profile import load_profile
from simulator.__main__ import main
from simulator.faults import parse_fault

NIST, SINGLE = load_profile("nist-ammt"), load_profile("single-light")
Simulate = Callable[..., Path]


def read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture, np.uint16)


def test_a_half_written_file_ends_in_the_middle(simulate: Simulate) -> None:
    whole = (simulate(name="whole") / "A0002b.PNG").read_bytes()

    half = (simulate("--fault", "half-written@2:recoat:b") / "A0002b.PNG").read_bytes()

    assert half == whole[: len(whole) // 2]


def test_a_missing_light_never_comes(simulate: Simulate) -> None:
    out = simulate("--fault", "missing-light@2:melt:a")

    assert not (out / "B0002a.PNG").exists()
    assert (out / "B0002b.PNG").exists()


@pytest.mark.parametrize(("kind", "level"), [("black", 0), ("saturated", 65535)])
def test_a_black_or_saturated_frame_has_one_level(simulate: Simulate, kind: str, level: int) -> None:
    out = simulate("--fault", f"{kind}@1:melt:c")

    assert (read(out / "B0001c.PNG") == level).all()
    assert len(np.unique(read(out / "B0001a.PNG"))) > 2


def test_a_repeated_frame_is_the_picture_of_the_layer_before(simulate: Simulate) -> None:
    out = simulate("--fault", "repeated-frame@2:recoat")

    for light in "abc":
        assert (out / f"A0002{light}.PNG").read_bytes() == (out / f"A0001{light}.PNG").read_bytes()


def test_a_skipped_layer_leaves_no_file(simulate: Simulate) -> None:
    out = simulate("--fault", "skipped-layer@1")

    assert {path.name[:5] for path in out.iterdir()} == {"A0002", "B0002"}


def test_faults_stand_in_the_truth_and_their_layer_sets_have_no_mask(simulate: Simulate) -> None:
    out = simulate("--fault", "black@2:melt:b")

    truth = json.loads((out.with_name("out-truth") / "truth.json").read_text())
    entry = truth["layer_sets"]["000002_melt"]
    assert entry["faults"] == [{"kind": "black", "lights": ["b"]}]
    assert entry["mask"] is None
    assert not (out.with_name("out-truth") / "000002_melt.png").exists()
    assert truth["layer_sets"]["000002_recoat"]["faults"] == []


def test_without_stage_and_light_a_fault_strikes_what_its_kind_says() -> None:
    assert parse_fault("black@3", NIST).stages == (Stage.RECOAT, Stage.MELT)
    assert parse_fault("black@3", NIST).lights == ("a", "b", "c")
    assert parse_fault("missing-light@3", NIST).lights == ("c",)
    assert parse_fault("half-written@3:recoat", SINGLE).lights == ("",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("black", "KIND@LAYER"),
        ("blck@3", "half-written, missing-light, black, saturated, repeated-frame, skipped-layer"),
        ("black@3:molten", "recoat, melt"),
        ("black@3:melt:d", "a, b, c"),
        ("black@0", "begin at 1"),
        ("repeated-frame@1", "no layer before"),
        ("skipped-layer@2:melt:a", "missing-light"),
    ],
)
def test_a_wrong_spelling_says_what_is_accepted(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match="--fault") as raised:
        parse_fault(text, NIST)

    assert says in str(raised.value)


def test_one_light_cannot_go_missing() -> None:
    with pytest.raises(SettingsError, match="skipped-layer@2"):
        parse_fault("missing-light@2", SINGLE)


def test_a_fault_beyond_the_last_layer_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["run", "--out", str(tmp_path / "out"), "--layers", "2", "--fault", "black@3"])

    assert status == 2
    assert "beyond the last layer" in capsys.readouterr().err
