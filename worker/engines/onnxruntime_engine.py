"""The network on ONNX Runtime: on the CPU, with CUDA, or with TensorRT."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import BundleCorruptError, SettingsError
from worker.engines.port import Backend
from worker.engines.serving import GPU_TILES, last_line

Providers = list[tuple[str, dict[str, Any]]]

CPU: Final[Providers] = [("CPUExecutionProvider", {})]
CUDA: Final[Providers] = [("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"}), *CPU]


def providers(backend: Backend, *, int8: bool = False) -> Providers:
    """Return what ONNX Runtime is to use, best first: what one cannot run, the next does."""
    if backend == "onnxruntime-tensorrt":
        return [("TensorrtExecutionProvider", {"trt_fp16_enable": True, "trt_int8_enable": int8}), *CUDA]
    return CUDA if backend == "onnxruntime-cuda" else CPU


class OnnxRuntimeEngine:
    """An Engine of ONNX Runtime; the CPU takes one tile at a time, a GPU several."""

    def __init__(self, model: bytes, *, backend: Backend, threads: int, bundle: str, int8: bool = False) -> None:
        """Read the network.

        Args:
            model: an ONNX file: input `tiles` uint8 (N, H, W, 3), output `probability` float32 (N, H, W) in 0..1.
            backend: one of ONNX Runtime's.
            threads: CPU threads of the inference.
            bundle: named in errors.
            int8: the file is the quantized one.

        Raises:
            BundleCorruptError: the file is no such network.
            SettingsError: ONNX Runtime cannot use the device.
        """
        self.backend = backend
        self.tiles_at_once = 1 if backend == "onnxruntime-cpu" else GPU_TILES
        runtime = _runtime()
        self._failures = _failures()
        wanted = providers(backend, int8=int8)
        _check_device(backend, runtime.get_available_providers(), wanted)
        if self.tiles_at_once > 1:
            runtime.preload_dlls()  # the libraries of CUDA that pip installed
        try:
            self._session = runtime.InferenceSession(model, _options(runtime, threads), providers=wanted)
        except self._failures as error:
            raise BundleCorruptError(f"bundle {bundle}: {last_line(error)}") from error
        _check_device(backend, self._session.get_providers(), wanted)
        _check_names(self._session, bundle)

    def infer(self, tiles: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """Return (n, th, tw) for (n, th, tw, 3)."""
        try:
            probability: NDArray[np.float32] = self._session.run(["probability"], {"tiles": tiles})[0]
        except self._failures as error:
            raise RuntimeError(last_line(error)) from error
        return probability


def _runtime() -> Any:  # noqa: ANN401 - ONNX Runtime has no types
    import onnxruntime  # noqa: PLC0415 - a worker imports only the library that it runs

    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _failures() -> tuple[type[Exception], ...]:
    """Return what ONNX Runtime raises; its exceptions have no base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state  # noqa: PLC0415

    return tuple(kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))


def _options(runtime: Any, threads: int) -> Any:  # noqa: ANN401
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting burns no CPU of other workers
    options.log_severity_level = 3  # errors
    return options


def _check_device(backend: Backend, there: list[str], wanted: Providers) -> None:
    """Refuse to go on with the CPU, as ONNX Runtime does by itself where the libraries of a GPU are missing."""
    name = wanted[0][0]
    if name not in there:
        raise SettingsError(
            f"WORKER_BACKEND={backend}: ONNX Runtime cannot use {name} here; "
            "check the driver and the libraries of the GPU, or set WORKER_BACKEND=openvino"
        )


def _check_names(session: Any, bundle: str) -> None:  # noqa: ANN401
    names = [entry.name for entry in (*session.get_inputs(), *session.get_outputs())]
    if names != ["tiles", "probability"]:
        raise BundleCorruptError(f"bundle {bundle}: expected tiles and probability, got {', '.join(names)}")
