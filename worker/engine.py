"""The network on OpenVINO: loaded from checked bytes, compiled for each size of tile, tested before it serves."""

from collections import OrderedDict
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import BundleCorruptError
from layerwatch.telemetry import keep_silent
from layerwatch.vision.self_test import answer_problem, probe_tile

BACKEND = "openvino"
KEPT_SHAPES = 4  # compiled networks; a printer writes pictures of one or two sizes


@cache
def _core() -> Any:  # noqa: ANN401 - OpenVINO has no types
    """Return the one OpenVINO of this process, without its telemetry.

    It gives the thread that first compiles a signal stack, and unmaps it at its own end. Were that on another thread,
    the next signal would kill the process; so it never ends.
    """
    keep_silent()
    import openvino  # noqa: PLC0415 - after the call

    return openvino.Core()


class OpenVinoSegmenter:
    """A Segmenter: tiles in, probabilities out, one tile at a time so that the memory stays bounded."""

    def __init__(self, model: bytes, *, threads: int, bundle: str) -> None:
        """Read the network.

        Args:
            model: an ONNX file: input `tiles` uint8 (N, H, W, 3), output `probability` float32 (N, H, W) in 0..1.
            threads: CPU threads of the inference.
            bundle: named in errors.

        Raises:
            BundleCorruptError: the file is no such network.
        """
        self._core = _core()
        self._bundle = bundle
        self._config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # two workers on one machine would be pinned to the same cores
            "INFERENCE_PRECISION_HINT": "f32",  # the same answers on machines with bfloat16 and without
        }
        self._requests: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        try:
            self._model = self._core.read_model(model=model, weights=b"")
            self._model.input("tiles")
            self._model.output("probability")
        except RuntimeError as error:
            raise BundleCorruptError(f"bundle {bundle}: {_first_line(error)}") from error

    def __call__(self, tiles: NDArray[np.uint8], /) -> NDArray[np.uint8]:
        """Return the probability of a defect * 255, (n, th, tw), for tiles (n, th, tw, 3) 0..255."""
        answer = np.empty(tiles.shape[:3], np.uint8)
        for index in range(len(tiles)):
            cv2.convertScaleAbs(self._infer(tiles[index : index + 1])[0], dst=answer[index], alpha=255)
        return answer

    def self_test(self, side: int) -> None:
        """Run the network once on a tile of side x side that shows something; this also warms it up.

        Raises:
            BundleCorruptError: it fails, what it gives are no probabilities, or they are the same for every pixel.
        """
        tile = probe_tile(side)
        try:
            problem = answer_problem(self._infer(tile), tile)
        except RuntimeError as error:
            raise BundleCorruptError(f"bundle {self._bundle}: the network fails: {_first_line(error)}") from error
        if problem is not None:
            raise BundleCorruptError(f"bundle {self._bundle}: the network fails its self-test: {problem}")

    def _infer(self, tile: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (1, th, tw) for (1, th, tw, 3); valid until the next call."""
        request = self._request(tile.shape)
        outputs = request.infer({"tiles": tile}, share_inputs=True, share_outputs=True)
        probability: NDArray[np.float32] = outputs["probability"]
        return probability

    def _request(self, shape: tuple[int, ...]) -> Any:  # noqa: ANN401 - OpenVINO has no types
        if shape not in self._requests:
            if len(self._requests) >= KEPT_SHAPES:
                self._requests.popitem(last=False)
            model = self._model.clone()
            model.reshape({"tiles": list(shape)})
            self._requests[shape] = self._core.compile_model(model, "CPU", self._config).create_infer_request()
        self._requests.move_to_end(shape)
        return self._requests[shape]


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
