"""The model in models/starter: whole, small, and able to see; its figures stand in its model card."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.bundle import load_manifest, verify_files
from layerwatch.verdict import Decision, Verdict

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "models" / "starter"
SEEDS = (9001, 9002, 9003, 9004)  # of builds that the model was not trained on
LAYERS = 2
SETS = 2 * LAYERS * len(SEEDS)


def test_every_file_is_the_one_of_the_manifest() -> None:
    manifest = load_manifest(STARTER)

    verify_files(STARTER, manifest)

    assert {"int8.onnx", "float32.onnx", "model-card.md"} <= set(manifest.files)
    assert set(manifest.operating_points) == {"int8", "float32"}


def test_int8_is_much_smaller_than_float32_and_all_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in STARTER.iterdir()}

    assert sizes["int8.onnx"] <= 0.29 * sizes["float32.onnx"]  # a scale for each channel counts more in a small network
    assert sizes["int8.onnx"] <= 1_500_000
    assert sum(sizes.values()) <= 12_000_000


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures and truth of simulated builds, inspected with both precisions."""
    folder = tmp_path_factory.mktemp("starter")
    for seed in SEEDS:
        options = ["--layers", str(LAYERS), "--seed", str(seed), "--size", "800", "--period", "0", "--write", "plain"]
        targets = ["--out", str(folder / "pictures" / f"b{seed}"), "--truth", str(folder / "truth" / f"b{seed}")]
        run("simulator", "run", *targets, *options)
    pictures = sorted(map(str, (folder / "pictures").glob("*/*.PNG")))
    for precision in ("int8", "float32"):
        chosen = ["--profile", "nist-ammt", "--precision", precision, "--model", str(STARTER)]
        run("worker", "inspect", *pictures, "--out", str(folder / precision), *chosen)
    return folder


def run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr


def verdicts(folder: Path) -> dict[str, Verdict]:
    return {path.parent.name: Verdict.from_json(path.read_bytes()) for path in sorted(folder.glob("*/verdict.json"))}


def test_both_precisions_say_nearly_the_same(builds: Path) -> None:
    quick, exact = verdicts(builds / "int8"), verdicts(builds / "float32")

    same = sum(quick[key].decision == exact[key].decision for key in exact)

    assert len(quick) == len(exact) == SETS
    assert same >= SETS - 1
    assert {verdict.model.precision for verdict in quick.values() if verdict.model} == {"int8"}
    assert Decision.INVALID not in {verdict.decision for verdict in exact.values()}


def test_defects_are_seen(builds: Path) -> None:
    found, there = 0, 0
    for verdict in verdicts(builds / "int8").values():
        truth = cv2.imread(
            str(builds / "truth" / verdict.build / f"{verdict.layer:06d}_{verdict.stage}.png"), cv2.IMREAD_GRAYSCALE
        )
        mask = cv2.imread(str(builds / "int8" / str(verdict.key) / "mask.png"), cv2.IMREAD_GRAYSCALE)
        assert truth is not None
        assert mask is not None
        count, labels, stats, _ = cv2.connectedComponentsWithStats(truth)
        for label in range(1, count):
            if stats[label, cv2.CC_STAT_AREA] >= 100:
                there += 1
                found += bool(np.mean(mask[labels == label] > 0) >= 0.2)

    assert there >= 20
    assert found >= 0.5 * there  # the model card has the measured figure; this only holds that the model sees at all
