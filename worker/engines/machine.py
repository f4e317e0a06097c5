"""Which engines work on this machine, found out without importing more than needed."""

import importlib.util
import platform
import sys
from pathlib import Path
from typing import Final

from layerwatch.telemetry import keep_silent
from worker.engines.port import Backend

DEVICES: Final = Path("/dev")
NVIDIA: Final = ("nvidia[0-9]*", "nvhost-gpu", "dxg")  # of a driver as usual, of a Jetson, under Windows' Linux
PROVIDERS: Final[dict[Backend, str]] = {
    "onnxruntime-cpu": "CPUExecutionProvider",
    "onnxruntime-cuda": "CUDAExecutionProvider",
    "onnxruntime-tensorrt": "TensorrtExecutionProvider",
}
EXTRAS: Final[dict[Backend, str]] = {
    "openvino": "worker",
    "onnxruntime-cpu": "onnxruntime",
    "onnxruntime-cuda": "onnxruntime-gpu",
    "onnxruntime-tensorrt": "onnxruntime-gpu",
    "torch-cpu": "gpu",
    "torch-cuda": "gpu",
    "torch-mps": "gpu",
}


def problem_here(backend: Backend) -> str | None:
    """Return why a backend does not work on this machine and what to do, or None.

    A library is imported only where the device that it is wanted for may be there: torch takes seconds.
    """
    library, _, device = backend.partition("-")
    missing = [name for name in (library, *(["onnx"] if library == "torch" else [])) if not _installed(name)]
    if device in {"cuda", "tensorrt"} and not has_nvidia():
        return "there is no NVIDIA device in /dev"
    if device == "mps" and not has_apple_gpu():
        return "there is no Apple GPU"
    if missing:
        return f"{missing[0]} is not installed: pip install -e '.[{EXTRAS[backend]}]'"
    if library == "torch":
        return _torch_problem(device)
    return _onnxruntime_problem(backend) if library == "onnxruntime" else None


def has_nvidia(devices: Path = DEVICES) -> bool:
    return any(any(devices.glob(pattern)) for pattern in NVIDIA)


def has_apple_gpu() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"


def _installed(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


def _torch_problem(device: str) -> str | None:
    if device == "cpu":
        return None
    from worker.engines.torch_engine import sees  # noqa: PLC0415 - it imports torch

    return None if sees(device) else f"the torch that is installed sees no {device} device; pytorch.org has others"


def _onnxruntime_problem(backend: Backend) -> str | None:
    if backend == "onnxruntime-cpu":
        return None
    keep_silent()
    import onnxruntime  # noqa: PLC0415 - only where a device is there

    if PROVIDERS[backend] in onnxruntime.get_available_providers():
        return None
    return (
        f"the onnxruntime that is installed has no {PROVIDERS[backend]}: "
        "pip uninstall onnxruntime, then pip install -e '.[onnxruntime-gpu]'"
    )
