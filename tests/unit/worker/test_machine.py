"""What is found out about a machine, and what is not imported for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from worker.engines import machine
from worker.engines.machine import has_nvidia, problem_here
from worker.engines.port import BACKENDS, Backend


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /dev of our own, without a GPU."""
    (tmp_path / "null").touch()
    (tmp_path / "nvidiactl").touch()  # stays when the card is taken away
    monkeypatch.setattr(machine, "has_nvidia", lambda: has_nvidia(tmp_path))
    return tmp_path


@pytest.fixture
def no_apple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "has_apple_gpu", lambda: False)


@pytest.mark.parametrize("name", ["nvidia0", "nvidia12", "nvhost-gpu", "dxg"])
def test_an_nvidia_device_is_seen_by_its_file(devices: Path, name: str) -> None:
    assert not has_nvidia(devices)

    (devices / name).touch()

    assert has_nvidia(devices)


@pytest.mark.usefixtures("devices", "no_apple")
@pytest.mark.parametrize("backend", ["torch-cuda", "onnxruntime-cuda", "onnxruntime-tensorrt", "torch-mps"])
def test_without_a_device_there_is_no_need_of_its_library(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_torch_problem", lambda _: pytest.fail("torch was asked"))
    monkeypatch.setattr(machine, "_onnxruntime_problem", lambda _: pytest.fail("ONNX Runtime was asked"))

    assert problem_here(backend) in {"there is no NVIDIA device in /dev", "there is no Apple GPU"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_not_installed_is_named_with_its_extra(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "has_nvidia", lambda: True)
    monkeypatch.setattr(machine, "has_apple_gpu", lambda: True)
    monkeypatch.setattr(machine, "_installed", lambda _: False)

    problem = problem_here(backend)

    assert problem is not None
    assert "is not installed: pip install -e '.[" in problem
    assert problem.startswith(backend.partition("-")[0])


def test_torch_needs_onnx_to_read_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_installed", lambda name: name != "onnx")

    assert problem_here("torch-cpu") == "onnx is not installed: pip install -e '.[gpu]'"


def test_an_onnxruntime_for_processors_is_told_from_one_for_gpus(devices: Path) -> None:
    providers = pytest.importorskip("onnxruntime").get_available_providers()
    if "CUDAExecutionProvider" in providers:
        pytest.skip("this ONNX Runtime is the one for GPUs")
    (devices / "nvidia0").touch()

    assert "pip uninstall onnxruntime" in (problem_here("onnxruntime-cuda") or "")
    assert "TensorrtExecutionProvider" in (problem_here("onnxruntime-tensorrt") or "")


@pytest.mark.torch
def test_a_driver_whose_device_torch_cannot_use_is_no_gpu(devices: Path) -> None:
    if pytest.importorskip("torch").cuda.is_available():
        pytest.skip("this machine has such a device")
    (devices / "nvidia0").touch()

    assert "sees no cuda device" in (problem_here("torch-cuda") or "")


def test_to_choose_on_a_machine_without_a_gpu_imports_no_library() -> None:
    if problem_here("torch-mps") is None or has_nvidia():
        pytest.skip("this machine has a GPU")
    program = (
        "import sys\n"
        "from worker.engines.choosing import choose_here\n"
        "assert choose_here('auto', None).backend == 'openvino'\n"
        "print([name for name in ('torch', 'onnxruntime', 'openvino', 'onnx') if name in sys.modules])\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    *told, imported = done.stdout.splitlines()
    assert imported == "[]"
    assert "engine_chosen" in told[0]
    assert len(told) == 1
