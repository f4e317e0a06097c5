"""An ONNX file as a function, in the two engines that serve it."""

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.openvino_core import openvino_core
from layerwatch.vision.segmenter import Segmenter

Probabilities = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def openvino_engine(onnx: bytes, *, threads: int | None = None) -> Probabilities:
    """Return tiles (n, th, tw, 3) uint8 -> probability (n, th, tw) float32 0..1, run by OpenVINO on the CPU."""
    core = openvino_core()
    config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads or _threads()}
    request = core.compile_model(core.read_model(onnx, b""), "CPU", config).create_infer_request()

    def run(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([request.infer([tile[None]])[0].copy() for tile in tiles])

    return run


def onnxruntime_engine(onnx: bytes, *, threads: int | None = None) -> Probabilities:
    """Return the same function, run by ONNX Runtime on the CPU."""
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])

    def run(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([session.run(None, {"tiles": tile[None]})[0] for tile in tiles])

    return run


def segmenter(engine: Probabilities) -> Segmenter:
    """Return the engine as the serving code wants it: probability * 255, rounded, uint8."""

    def segment(tiles: NDArray[np.uint8], /) -> NDArray[np.uint8]:
        return np.rint(engine(tiles) * 255).astype(np.uint8)

    return segment


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))
