"""A bundle becomes a model that judges."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from layerwatch.bundle import AreaLimits
from layerwatch.errors import BundleCorruptError, BundleError, SettingsError
from layerwatch.settings import load_settings
from worker.engines.choosing import choose_here
from worker.model import load_model
from worker.settings import WorkerSettings


def test_a_bundle_is_loaded_with_what_its_verdicts_name(tiny_bundle: Path) -> None:
    model = load_model(tiny_bundle, precision="float32", threads=1, backend="openvino")

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


def test_verdicts_name_the_engine_that_was_asked_for(tiny_bundle: Path) -> None:
    pytest.importorskip("onnxruntime")

    model = load_model(tiny_bundle, precision=None, threads=1, backend="onnxruntime-cpu")

    assert (model.facts.backend, model.facts.precision) == ("onnxruntime-cpu", "int8")


def test_the_reason_of_the_choice_is_told_once(tiny_bundle: Path) -> None:
    choose_here.cache_clear()

    with structlog.testing.capture_logs() as told:
        for _ in range(2):
            load_model(tiny_bundle, precision="int8", threads=1)

    assert [entry["event"] for entry in told] == ["engine_chosen"]
    assert (told[0]["backend"], told[0]["precision"]) == ("openvino", "int8")
    assert "int8 is for processors" in told[0]["reason"]


def test_an_engine_that_cannot_do_it_is_refused_before_anything_is_loaded(tiny_bundle: Path) -> None:
    with pytest.raises(SettingsError, match="torch runs no int8"):
        load_model(tiny_bundle, precision="int8", threads=1, backend="torch-cpu")


def test_a_backend_that_does_not_exist_is_an_error_with_those_that_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(WorkerSettings).backend == "auto"

    monkeypatch.setenv("WORKER_BACKEND", "tensorflow")

    with pytest.raises(SettingsError, match="WORKER_BACKEND: Input should be 'auto', 'openvino'"):
        load_settings(WorkerSettings)


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


@pytest.mark.parametrize("backend", ["auto", "openvino", "onnxruntime-cpu"])
def test_a_worker_with_int8_imports_neither_torch_nor_telemetry(tiny_bundle: Path, backend: str) -> None:
    program = (
        "import sys, worker.__main__\n"
        "from pathlib import Path\n"
        "from worker.model import load_model\n"
        "load_model(Path(sys.argv[1]), precision='int8', threads=1, backend=sys.argv[2])\n"
        "unwanted = {'torch', 'segmentation_models_pytorch', 'openvino_telemetry', 'onnx'}\n"
        "print(sorted(name for name in unwanted if sys.modules.get(name)))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(tiny_bundle), backend],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.splitlines()[-1] == "[]"
