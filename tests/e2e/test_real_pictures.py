"""Real pictures, where they lie beside the checkout: each gets one verdict, an overlay, and a mask of its size."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from layerwatch.verdict import Decision, Verdict

pytestmark = [pytest.mark.e2e, pytest.mark.data]
ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("LAYERWATCH_DATA", ROOT.parent / "shared" / "data"))
PICTURES = {".png", ".jpg"}


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> list[Path]:
    folder = DATA / request.param
    if not folder.is_dir():
        pytest.skip(f"no real pictures in {folder}; name their folder by LAYERWATCH_DATA")
    return sorted(path for path in folder.iterdir() if path.suffix in PICTURES)


def assert_answered(verdict: Verdict, source: Path, folder: Path) -> None:
    picture = cv2.imread(str(source), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    mask = cv2.imread(str(folder / "mask.png"), cv2.IMREAD_UNCHANGED)
    assert verdict.decision is not Decision.INVALID, verdict.reasons
    assert picture is not None
    assert mask is not None
    assert mask.shape == picture.shape
    assert cv2.imread(str(folder / "overlay.jpg")) is not None


@pytest.mark.parametrize("pictures", ["polito/images"], indirect=True)
def test_each_chamber_picture_is_inspected(pictures: list[Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "worker", "inspect", *map(str, pictures)]
    done = subprocess.run(
        [*command, "--profile", "single-light", "--out", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode in {0, 1}, done.stderr
    assert len(done.stdout.splitlines()) == len(pictures)
    verdicts = {path.parent: Verdict.from_json(path.read_bytes()) for path in tmp_path.glob("*/verdict.json")}
    assert len(verdicts) == len(pictures)
    by_name = {path.name: path for path in pictures}
    for folder, verdict in verdicts.items():
        assert_answered(verdict, by_name[verdict.images[0].path], folder)


@pytest.mark.parametrize("pictures", ["risheng"], indirect=True)
def test_a_picture_of_twenty_megapixels_goes_the_whole_way(pictures: list[Path], tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    command = [sys.executable, "-m", "demo", "run", "--once", "--run-dir", str(tmp_path / "run"), "--period", "0.5"]
    done = subprocess.run(
        [*command, "--source", str(pictures[0].parent), "--profile", "single-light"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    artifacts = tmp_path / "run" / "artifacts"
    verdicts = {path.parent: Verdict.from_json(path.read_bytes()) for path in artifacts.rglob("verdict.json")}
    assert len(verdicts) == len(pictures)
    by_name = {path.name: path for path in pictures}
    for folder, verdict in verdicts.items():
        assert_answered(verdict, by_name[verdict.images[0].path], folder)
