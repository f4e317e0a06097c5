"""The network on OpenVINO, the fastest on CPUs: compiled for each size of tile."""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import BundleCorruptError
from layerwatch.vision.openvino_core import openvino_core
from worker.engines.port import Backend
from worker.engines.serving import last_line

KEPT_SHAPES = 4  # compiled networks; a printer writes pictures of one or two sizes


class OpenVinoEngine:
    """An Engine on the CPU, one tile at a time."""

    backend: Backend = "openvino"
    tiles_at_once = 1

    def __init__(self, model: bytes, *, threads: int, bundle: str) -> None:
        """Read the network.

        Args:
            model: an ONNX file: input `tiles` uint8 (N, H, W, 3), output `probability` float32 (N, H, W) in 0..1.
            threads: CPU threads of the inference.
            bundle: named in errors.

        Raises:
            BundleCorruptError: the file is no such network.
        """
        self._core = openvino_core()
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
            raise BundleCorruptError(f"bundle {bundle}: {last_line(error)}") from error

    def infer(self, tiles: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """Return (n, th, tw) for (n, th, tw, 3); valid until the next call."""
        request = self._request(tiles.shape)
        outputs = request.infer({"tiles": tiles}, share_inputs=True, share_outputs=True)
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
