"""`python -m worker inspect`: files in, artifacts and an exit status out."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.layers import LayerSet
from layerwatch.profile import load_profile
from layerwatch.verdict import Decision, Verdict
from worker.__main__ import main
from worker.by_hand import NothingToInspectError, pick

WritePictures = Callable[..., LayerSet]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def inspect(tiny_bundle: Path, out: Path) -> Callable[..., int]:
    def run(*files: Path, profile: str = "nist-ammt", options: tuple[str, ...] = ()) -> int:
        fixed = ("--profile", profile, "--out", str(out), "--model", str(tiny_bundle))
        return main(["inspect", *map(str, files), *fixed, *options])

    return run


def one_light(path: Path, *, defect: bool = False) -> Path:
    pixels = np.random.default_rng(1).integers(40, 50, (120, 140)).astype(np.uint8)
    pixels[0, 0] = 210
    if defect:
        pixels[50:60, 50:60] = 250
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)
    return path


def test_three_light_sets_are_grouped_and_written(
    inspect: Callable[..., int],
    write_pictures: WritePictures,
    tmp_path: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_pictures(tmp_path, layer=1, build="b7")
    write_pictures(tmp_path, layer=2, build="b7", defect_px=900)

    status = inspect(*sorted((tmp_path / "b7").iterdir()), options=("--mm-per-px", "0.1", "--printer", "m290"))

    assert status == 1
    assert sorted(path.name for path in out.iterdir()) == ["m290_b7_000001_melt", "m290_b7_000002_melt"]
    folder = out / "m290_b7_000002_melt"
    assert sorted(path.name for path in folder.iterdir()) == ["mask.png", "overlay.jpg", "verdict.json"]
    verdict = Verdict.from_json((folder / "verdict.json").read_bytes())
    assert verdict.defect_area_mm2 == pytest.approx(9.0)
    assert verdict.artifacts.overlay == "m290_b7_000002_melt/overlay.jpg"
    passed, rejected = capsys.readouterr().out.splitlines()
    assert passed.split()[:2] == ["pass", "m290_b7_000001_melt"]
    assert "9.00 mm²" in rejected


def test_all_pass_is_status_0(inspect: Callable[..., int], write_pictures: WritePictures, tmp_path: Path) -> None:
    write_pictures(tmp_path)

    assert inspect(tmp_path / "job42") == 0


def test_a_missing_light_is_invalid_and_status_1(
    inspect: Callable[..., int], write_pictures: WritePictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pictures(tmp_path, lights="ac")

    assert inspect(tmp_path / "job42") == 1
    line = capsys.readouterr().out
    assert line.startswith("invalid")
    assert "missing light b" in line


def test_the_models_output_is_written_when_asked_for(inspect: Callable[..., int], tmp_path: Path, out: Path) -> None:
    picture = one_light(tmp_path / "Image7.png", defect=True)

    inspect(picture, profile="single-light", options=("--probability",))

    (folder,) = out.iterdir()
    probability = cv2.imread(str(folder / "probability.png"), cv2.IMREAD_UNCHANGED)
    assert probability is not None
    assert probability.shape == (120, 140)
    assert probability.dtype == np.uint8
    assert (probability[50:60, 50:60] == 255).all()
    assert probability[:40].max() < 255


def test_the_build_is_told_by_folders_below_the_common_one(
    inspect: Callable[..., int], tmp_path: Path, out: Path
) -> None:
    first = one_light(tmp_path / "all" / "one" / "Image7.png")
    second = one_light(tmp_path / "all" / "two" / "Image7.png")

    inspect(first, second, profile="single-light")

    keys = {Verdict.from_json((path / "verdict.json").read_bytes()).build for path in out.iterdir()}
    assert keys == {"one-Image", "two-Image"}


def test_a_single_picture_without_a_number_is_layer_0_of_its_own_build(
    inspect: Callable[..., int], tmp_path: Path, out: Path
) -> None:
    picture = one_light(tmp_path / "melt pool.png")

    assert inspect(picture, profile="single-light") == 0

    (folder,) = out.iterdir()
    verdict = Verdict.from_json((folder / "verdict.json").read_bytes())
    assert verdict.layer == 0
    assert verdict.build.startswith("melt-pool")


def test_a_picture_that_is_none_is_invalid(inspect: Callable[..., int], tmp_path: Path, out: Path) -> None:
    (tmp_path / "Image3.jpg").write_bytes(b"\xff\xd8 not much of a JPEG")

    assert inspect(tmp_path / "Image3.jpg", profile="single-light") == 1

    verdict = Verdict.from_json(next(out.rglob("verdict.json")).read_bytes())
    assert verdict.decision is Decision.INVALID


def test_the_id_is_the_one_that_ingest_would_give(
    inspect: Callable[..., int], write_pictures: WritePictures, tmp_path: Path, out: Path
) -> None:
    expected = write_pictures(tmp_path, build="job42")

    inspect(tmp_path / "job42", options=("--printer", "m290"))

    verdict = Verdict.from_json(next(out.rglob("verdict.json")).read_bytes())
    assert verdict.id == expected.inspection_id


def test_a_full_disk_is_status_2_and_says_where_room_is_to_be_made(
    inspect: Callable[..., int],
    write_pictures: WritePictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(_: Path, __: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("layerwatch.artifacts.write_atomic", full)
    write_pictures(tmp_path)

    assert inspect(tmp_path / "job42") == 2

    said = capsys.readouterr().err
    assert said == f"error: cannot write to {tmp_path}/out: No space left on device; make room there\n"


@pytest.mark.parametrize(
    ("files", "profile", "said"),
    [
        (["gone.png"], "single-light", "there is no file gone.png"),
        (["notes.txt"], "single-light", "notes.txt"),
        (["Image1.jpg"], "nist-ammt", "it expects names like A0012a.PNG"),
        (["Image1.jpg"], "no-such", "shipped are"),
        (["empty"], "nist-ammt", "no files in empty"),
    ],
)
def test_misuse_is_status_2_and_says_what_is_expected(  # noqa: PLR0917 - fixtures
    inspect: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    files: list[str],
    profile: str,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    one_light(tmp_path / "Image1.jpg")

    status = inspect(*map(Path, files), profile=profile)

    assert status == 2
    assert said in capsys.readouterr().err


def test_a_folder_may_hold_other_things_too(write_pictures: WritePictures, tmp_path: Path) -> None:
    write_pictures(tmp_path)
    (tmp_path / "job42" / "notes.txt").write_text("no picture", encoding="utf-8")
    one_light(tmp_path / "job42" / "photo.jpg")

    picked = pick([tmp_path / "job42"], load_profile("nist-ammt"), printer="m290")

    assert len(picked.sets) == 1
    assert [path.name for path in picked.passed_over] == ["photo.jpg"]


def test_a_named_file_that_does_not_fit_is_not_passed_over(write_pictures: WritePictures, tmp_path: Path) -> None:
    write_pictures(tmp_path)
    stray = one_light(tmp_path / "job42" / "photo.jpg")

    with pytest.raises(NothingToInspectError, match=r"photo\.jpg"):
        pick([tmp_path / "job42", stray], load_profile("nist-ammt"), printer="m290")


def test_two_pictures_that_claim_one_layer_are_not_silently_made_one(tmp_path: Path) -> None:
    older, newer = one_light(tmp_path / "Image7.png"), one_light(tmp_path / "Image07.png", defect=True)
    os.utime(older, (1_000, 1_000))

    with pytest.raises(NothingToInspectError, match=r"Image7\.png: another picture claims"):
        pick([older, newer], load_profile("single-light"), printer="m290")


def test_the_quality_of_pictures_is_printed_with_what_limits_have_to_leave_room_for(
    write_pictures: WritePictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pictures(tmp_path, layer=1, build="b7")
    write_pictures(tmp_path, layer=2, build="b7")

    assert main(["quality", str(tmp_path / "b7"), "--profile", "nist-ammt"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "B0001a.PNG  saturated 0.0%  sharpness -"
    assert lines[-2].startswith("light c: 2 pictures, saturated at most 0.0%")
    assert lines[-1] == "2 layer sets, 0 of them invalid"


def test_pictures_that_cannot_be_judged_are_named_by_their_quality(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(4)
    corners = rng.integers(0, 560, (60, 2))
    pixels = rng.integers(100, 110, (600, 600)).astype(np.uint8)
    for x, y in corners:
        pixels[y : y + 30, x : x + 40] = 40
    cv2.imwrite(str(tmp_path / "layer_1.png"), pixels)
    cv2.imwrite(str(tmp_path / "layer_2.png"), cv2.GaussianBlur(pixels, (0, 0), 4.0))
    (tmp_path / "layer_3.png").write_bytes(b"no picture")

    assert main(["quality", str(tmp_path), "--profile", "single-light"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("  invalid: blurred: ")
    assert lines[3] == "layer_3.png  not read"
    assert lines[-2].startswith("all: 3 pictures, saturated at most 0.0%, sharpness at least 0.0")
    assert lines[-1] == "3 layer sets, 2 of them invalid"
