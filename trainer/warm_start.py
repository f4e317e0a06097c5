"""Going on from a trained network, out of the safetensors or the ONNX file of its bundle."""

from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from layerwatch.errors import TrainingError
from layerwatch.vision.network import Inspectable
from trainer.engines import onnxruntime_engine

AS_ITS_FILE: Final = 0.01  # of a probability


def load_trained(network: nn.Module, file: Path, tiles: Tensor) -> None:
    """Fill a network of `build_network` with trained weights, in place.

    Args:
        network: of the same decoder and channels.
        file: `float32.safetensors` or `float32.onnx` of a bundle.
        tiles: (N, H, W, 3) uint8, real tiles; an ONNX file says nothing about the statistics of its BatchNorms, which
            were folded into the convolutions, so they are measured on these.

    Raises:
        TrainingError: the file is not there, or holds another kind of network.
    """
    try:
        if file.suffix == ".onnx":
            _unfold(network, convolutions(file))
            _check_answers(network, file, tiles[:1])
            _measure_norms(network, tiles)
        else:
            network.load_state_dict(load_file(file))
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise TrainingError(
            f"--start {file} is not a trained network with this decoder and these channels, or, as with U-Net++, "
            "has to be given as float32.safetensors"
        ) from error


def _check_answers(network: nn.Module, file: Path, tiles: Tensor) -> None:
    """Raise ValueError unless the network answers as its file does: shapes alone do not say which kernel is whose."""
    expected = onnxruntime_engine(file.read_bytes())(tiles.numpy())
    with torch.inference_mode():
        answer = Inspectable(network).eval()(tiles).numpy()
    if np.abs(answer - expected).max() > AS_ITS_FILE:
        message = "the network answers otherwise than its file"
        raise ValueError(message)


Weights = tuple[NDArray[np.float32], NDArray[np.float32]]  # kernel and bias of one convolution


def convolutions(file: Path) -> list[Weights]:
    """Return the convolutions in the order in which they run."""
    import onnx  # noqa: PLC0415 - only needed for this
    from google.protobuf.message import DecodeError  # noqa: PLC0415
    from onnx import numpy_helper  # noqa: PLC0415

    try:
        graph = onnx.load(file).graph
    except DecodeError as error:
        raise ValueError(str(error)) from error
    values = {tensor.name: tensor for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    if not all(len(node.input) == 3 and {*node.input[1:]} <= values.keys() for node in nodes):
        message = "a convolution without weights of its own: expected float32.onnx"
        raise ValueError(message)
    return [
        (_array(numpy_helper, values[node.input[1]]), _array(numpy_helper, values[node.input[2]])) for node in nodes
    ]


def _array(helper: Any, tensor: Any) -> NDArray[np.float32]:  # noqa: ANN401 - onnx has no types
    return np.array(helper.to_array(tensor), np.float32)


def _unfold(network: nn.Module, weights: list[Weights]) -> None:
    """Give each convolution its folded kernel, and the BatchNorm behind it nothing to do but to add the bias."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    followers = dict(pairwise(layers))
    for layer, (kernel, bias) in zip(convolutions, weights, strict=True):
        with torch.no_grad():
            _fill(layer.weight, kernel)
            norm = followers.get(layer)
            if layer.bias is not None:
                _fill(layer.bias, bias)
            elif isinstance(norm, nn.BatchNorm2d):
                _fill(norm.bias, bias)
                norm.weight.fill_(1)
                _statistics(norm, torch.zeros_like(norm.bias), torch.full_like(norm.bias, 1 - norm.eps))


def _fill(parameter: Tensor, values: NDArray[np.float32]) -> None:
    if parameter.shape != values.shape:
        message = f"expected {tuple(parameter.shape)}, got {values.shape}"
        raise ValueError(message)
    parameter.copy_(torch.from_numpy(values))


def _measure_norms(network: nn.Module, tiles: Tensor) -> None:
    """Write every BatchNorm anew so that it answers as before and knows the statistics of its input."""
    seen: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def watch(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if isinstance(layer, nn.BatchNorm2d):
            variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
            seen[layer] = mean, variance

    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(watch) for norm in norms]
    with torch.no_grad():
        Inspectable(network).eval()(tiles)
    for hook in hooks:
        hook.remove()
    with torch.no_grad():
        for norm, (mean, variance) in seen.items():
            _statistics(norm, mean, variance)
            norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.bias.add_(mean)


def _statistics(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    if norm.running_mean is not None and norm.running_var is not None:
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
