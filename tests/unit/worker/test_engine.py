"""The network on OpenVINO, with a model small enough to know its answers."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from layerwatch.bundle import AreaLimits
from layerwatch.errors import BundleCorruptError, BundleError, SettingsError
from worker.engine import KEPT_SHAPES, OpenVinoSegmenter
from worker.model import load_model


@pytest.fixture
def segmenter(tiny_bundle: Path) -> OpenVinoSegmenter:
    return OpenVinoSegmenter((tiny_bundle / "int8.onnx").read_bytes(), threads=1, bundle="tiny/1")


def test_probabilities_come_as_bytes_rounded(segmenter: OpenVinoSegmenter) -> None:
    tiles = np.zeros((3, 32, 64, 3), np.uint8)
    tiles[0, 3, 4] = 255
    tiles[1] = 200
    tiles[2] = 201

    answer = segmenter(tiles)

    assert answer.shape == (3, 32, 64)
    assert answer.dtype == np.uint8
    assert answer[0, 3, 4] == 255
    assert np.count_nonzero(answer[0]) == 1
    assert np.isin(answer[1], (127, 128)).all()  # half of 255 lies between
    assert (answer[2] == round(255 / (1 + np.exp(-1)))).all()


def test_answers_stay_when_the_next_tiles_are_asked(segmenter: OpenVinoSegmenter) -> None:
    bright = segmenter(np.full((1, 32, 32, 3), 255, np.uint8))

    segmenter(np.zeros((1, 32, 32, 3), np.uint8))

    assert (bright == 255).all()


def test_only_so_many_sizes_stay_compiled(segmenter: OpenVinoSegmenter) -> None:
    for side in range(32, 32 * (KEPT_SHAPES + 3), 32):
        segmenter(np.zeros((1, side, 32, 3), np.uint8))

    assert len(segmenter._requests) == KEPT_SHAPES


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(BundleCorruptError, match="tiny/1"):
        OpenVinoSegmenter(b"not a network", threads=1, bundle="tiny/1")


def test_a_network_that_gives_no_probabilities_fails_its_self_test(
    segmenter: OpenVinoSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong, problem in (
        (np.full((1, 64, 64), 3.5, np.float32), "expected probabilities"),
        (np.full((1, 64, 64), np.nan, np.float32), "not finite"),
        (np.zeros((1, 32, 32), np.float32), "expected"),
    ):
        monkeypatch.setattr(segmenter, "_infer", lambda _, wrong=wrong: wrong)

        with pytest.raises(BundleCorruptError, match=problem):
            segmenter.self_test(64)


def test_a_bundle_is_loaded_with_what_its_verdicts_name(tiny_bundle: Path) -> None:
    model = load_model(tiny_bundle, precision="float32", threads=1)

    assert model.facts.bundle == "tiny/1"
    assert model.facts.precision == "float32"
    assert model.facts.backend == "openvino"
    assert model.point.limits.reject_px == 400


def test_limits_that_are_set_take_the_place_of_the_bundles_own(tiny_bundle: Path) -> None:
    model = load_model(tiny_bundle, precision="int8", threads=1, limits={"reject_px": 90})

    assert model.point.limits == AreaLimits(min_region_px=4, review_px=20, reject_px=90)


def test_limits_that_do_not_fit_the_bundle_stop_the_worker_at_its_start(tiny_bundle: Path) -> None:
    with pytest.raises(SettingsError, match="correct WORKER_REVIEW_PX"):
        load_model(tiny_bundle, precision="int8", threads=1, limits={"reject_px": 10})


def test_a_file_that_changed_after_training_is_not_loaded(tiny_bundle: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_bundle, tmp_path / "copy")
    content = (copy / "int8.onnx").read_bytes()
    (copy / "int8.onnx").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    with pytest.raises(BundleCorruptError, match="sha256"):
        load_model(copy, precision="int8", threads=1)


def test_a_precision_that_the_bundle_lacks_is_named(tiny_bundle: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_bundle, tmp_path / "copy")
    manifest = (copy / "bundle.json").read_text(encoding="utf-8")
    (copy / "bundle.json").write_text(manifest.replace('"int8": {', '"was_int8": {'), encoding="utf-8")

    with pytest.raises(BundleError):
        load_model(copy, precision="int8", threads=1)


def test_a_worker_imports_neither_torch_nor_telemetry(tiny_bundle: Path) -> None:
    program = (
        "import sys, worker.__main__\n"
        "from pathlib import Path\n"
        "from worker.model import load_model\n"
        "load_model(Path(sys.argv[1]), precision='int8', threads=1)\n"
        "unwanted = {'torch', 'segmentation_models_pytorch', 'openvino_telemetry', 'onnx'}\n"
        "print(sorted(name for name in unwanted if sys.modules.get(name)))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(tiny_bundle)], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
