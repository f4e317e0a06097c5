"""The port that every inference library stands behind."""

from typing import Final, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

CpuBackend = Literal["openvino", "onnxruntime-cpu", "torch-cpu"]
GpuBackend = Literal["torch-cuda", "onnxruntime-cuda", "onnxruntime-tensorrt", "torch-mps"]
Backend = Literal[CpuBackend, GpuBackend]  # as it stands in WORKER_BACKEND, verdicts and metrics
BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)


class Engine(Protocol):
    """A network of a bundle, loaded by one library for one device."""

    @property
    def backend(self) -> Backend:
        """The library and the device."""
        ...

    @property
    def tiles_at_once(self) -> int:
        """How many tiles of a usual size one call of `infer` may bring; bounds the memory."""
        ...

    def infer(self, tiles: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """Return the probability of a defect, (n, th, tw) 0..1, for tiles (n, th, tw, 3) 0..255.

        The answer is valid until the next call.

        Raises:
            RuntimeError: the library failed.
        """
        ...
