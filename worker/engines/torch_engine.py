"""The network on torch: on the CPU, with CUDA, or on an Apple GPU. The only file of the worker that imports torch.

It runs the steps of `float32.onnx` itself, so that a bundle needs no file for torch, and what answers is the network
whose hash stands in the verdict.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from layerwatch.errors import BundleCorruptError
from worker.engines.onnx_graph import Graph, Step, read_graph
from worker.engines.port import Backend
from worker.engines.serving import GPU_TILES, last_line

FLOAT: Final = 1  # ONNX's number for float32


def sees(device: str) -> bool:
    """Whether there is a `cuda` or `mps` device that this torch can use."""
    return torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()


class TorchEngine:
    """An Engine of torch; the CPU takes one tile at a time, a GPU several, in half precision where that is enough."""

    def __init__(self, model: bytes, *, backend: Backend, threads: int, bundle: str) -> None:
        """Read the network.

        Args:
            model: `float32.onnx`: input `tiles` uint8 (N, H, W, 3), output `probability` float32 (N, H, W) in 0..1.
            backend: one of torch's.
            threads: CPU threads of the inference.
            bundle: named in errors.

        Raises:
            BundleCorruptError: the file is no such network, or has operators that the trainer does not write.
        """
        self.backend = backend
        self.device = torch.device(backend.removeprefix("torch-"))
        self.tiles_at_once = 1 if self.device.type == "cpu" else GPU_TILES
        torch.set_num_threads(threads)
        try:
            self._network = _Network(read_graph(model), self.device)
        except ValueError as error:
            raise BundleCorruptError(f"bundle {bundle}: {last_line(error)}") from error

    def infer(self, tiles: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """Return (n, th, tw) for (n, th, tw, 3)."""
        with torch.inference_mode(), self.half_precision():
            probability = self._network(torch.from_numpy(tiles).to(self.device))
        return probability.float().cpu().numpy()

    def half_precision(self) -> torch.autocast:
        """Return the context in which a GPU multiplies in float16; processors stay with float32."""
        return torch.autocast(self.device.type, dtype=torch.float16, enabled=self.device.type != "cpu")


class _Network:
    """The steps of an ONNX file, with its constants on a device."""

    def __init__(self, graph: Graph, device: torch.device) -> None:
        unknown = sorted({step.operator for step in graph.steps} - OPERATORS.keys())
        if unknown:
            message = f"torch runs no {', '.join(unknown)} of ONNX here; set WORKER_BACKEND=openvino"
            raise ValueError(message)
        self._steps = graph.steps
        sizes = {name for step in graph.steps if step.operator in SIZED for name in step.inputs[1:]}
        self._constants = {
            name: array.tolist() if array.ndim == 0 or name in sizes else _on(device, array)
            for name, array in graph.constants.items()
        }

    def __call__(self, tiles: Tensor) -> Tensor:
        values: dict[str, Any] = self._constants | {"tiles": tiles, "": None}
        for step in self._steps:
            values[step.output] = _run(step, values)
            for name in step.spent:
                del values[name]
        probability: Tensor = values["probability"]
        return probability


def _on(device: torch.device, array: NDArray[Any]) -> Tensor:
    """Return a constant on a device; kernels with the channels last, as the tiles come."""
    tensor = torch.tensor(array, device=device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _run(step: Step, values: dict[str, Any]) -> Tensor:
    try:
        return OPERATORS[step.operator](*(values[name] for name in step.inputs), **step.attributes)
    except (IndexError, KeyError, TypeError, ValueError) as error:  # attributes that no trainer of ours writes
        message = f"{step.operator} with {step.attributes} cannot be run: {error!r}"
        raise RuntimeError(message) from error


def _conv(x: Tensor, weight: Tensor, bias: Tensor | None = None, **how: Any) -> Tensor:  # noqa: ANN401
    return functional.conv2d(x, weight, bias, how["strides"], _padding(how), how["dilations"], how["group"])


def _conv_transpose(x: Tensor, weight: Tensor, bias: Tensor | None = None, **how: Any) -> Tensor:  # noqa: ANN401
    more = how.get("output_padding", 0)
    return functional.conv_transpose2d(
        x, weight, bias, how["strides"], _padding(how), more, how["group"], how["dilations"]
    )


def _batch_norm(x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor, **how: Any) -> Tensor:  # noqa: ANN401
    return functional.batch_norm(x, mean, var, weight, bias, eps=how["epsilon"])


def _padding(how: dict[str, Any]) -> list[int]:
    top_left, bottom_right = how["pads"][:2], how["pads"][2:]
    if top_left != bottom_right:
        message = f"torch pads both sides alike, the network asks for {how['pads']}"
        raise RuntimeError(message)
    return list(top_left)


def _resize(x: Tensor, _roi: None, scales: list[float], **how: Any) -> Tensor:  # noqa: ANN401
    if how.get("mode") != b"nearest":
        message = f"torch enlarges by the nearest pixel only, the network asks for {how.get('mode')}"
        raise RuntimeError(message)
    return functional.interpolate(x, scale_factor=scales[2:], mode="nearest")


def _depth_to_space(x: Tensor, *, blocksize: int, mode: bytes = b"DCR") -> Tensor:
    if mode != b"CRD":
        message = f"torch spreads depth in the order CRD only, the network asks for {mode!r}"
        raise RuntimeError(message)
    return functional.pixel_shuffle(x, blocksize)


def _cast(x: Tensor, *, to: int) -> Tensor:
    if to != FLOAT:
        message = f"torch casts to float32 only, the network asks for ONNX's type {to}"
        raise RuntimeError(message)
    return x.float()


SIZED: Final = frozenset({"Resize", "ReduceMean"})  # their constants are sizes and axes, not to be computed with
OPERATORS: Final[dict[str, Callable[..., Tensor]]] = {
    "Add": torch.add,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": torch.clamp,
    "Concat": lambda *parts, axis: torch.cat(parts, dim=axis),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthToSpace": _depth_to_space,
    "Gather": lambda x, index, axis=0: x.select(axis, index),
    "Identity": lambda x: x,
    "Mul": torch.mul,
    "ReduceMean": lambda x, axes, keepdims=1: x.mean(axes, keepdim=bool(keepdims)),
    "Relu": torch.relu,
    "Resize": _resize,
    "Sigmoid": lambda x: torch.sigmoid(x.float()),  # half precision ends here
    "Sub": torch.sub,
    "Transpose": lambda x, perm: x.permute(perm),
}
