"""A compact network out of a trained U-Net: what both have is taken over, and the deepest stage becomes a constant.

The encoder of a U-Net that learns from ImageNet weights on textures tends to end with a stage that says the same
everywhere; then the compact network answers as the U-Net did, but at the rim of a tile.
"""

import re
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from layerwatch.vision.network import Inspectable
from trainer.warm_start import convolutions

STAGES: Final = 5  # of a U-Net's decoder, each of two convolutions; a last one follows them
CONVOLUTIONS: Final = 52 + 2 * STAGES + 1
_FIRST: Final = "decoder.center.0.0.weight"
_WIDEST: Final = "decoder.blocks.0.conv1.0.weight"
_MEAN: Final = "decoder.center.0.1.running_mean"


def unet_channels(file: Path) -> tuple[int, ...] | None:
    """Return the channels of the five stages of a trained U-Net, None for a file that holds something else.

    Args:
        file: `float32.safetensors` or `float32.onnx` of a bundle.
    """
    try:
        if file.suffix == ".onnx":
            kernels = [kernel for kernel, _ in convolutions(file)]
            return tuple(map(len, kernels[-2 * STAGES :: 2])) if len(kernels) == CONVOLUTIONS else None
        weights = load_file(file)
        return tuple(len(weights[f"decoder.blocks.{stage}.conv2.0.weight"]) for stage in range(STAGES))
    except (OSError, ValueError, KeyError, SafetensorError):
        return None


def shrink(unet: nn.Module, compact: nn.Module, tiles: Tensor) -> None:
    """Fill a compact network, in place, with what a U-Net knows; what has another shape stays as it is.

    Args:
        unet: trained.
        compact: best of the same channels; the last of them may be missing, its head is then to be learned.
        tiles: (N, H, W, 3) uint8, real tiles, on which it is measured what the deepest stage says on average.
    """
    known, filled = unet.state_dict(), compact.state_dict()
    deep = _mean_of_deepest(unet, tiles)
    widest = known[_WIDEST]
    known[_WIDEST] = widest[:, len(deep) :]
    heard = (widest[:, : len(deep)] * deep.view(1, -1, 1, 1)).sum((1, 2, 3))
    taken = {name: known[_in_unet(name)] for name in filled if _fits(filled[name], known.get(_in_unet(name)))}
    if _FIRST in taken:
        taken[_MEAN] = taken[_MEAN] - heard  # a constant before a BatchNorm is a lower mean
    compact.load_state_dict(filled | taken)


def _mean_of_deepest(unet: Any, tiles: Tensor) -> Tensor:  # noqa: ANN401 - smp has no types
    """Return the mean of each channel of the encoder's last feature map."""
    seen: list[Tensor] = []
    hook = unet.encoder.register_forward_hook(lambda _module, _inputs, maps: seen.append(maps[-1]))
    with torch.no_grad():
        Inspectable(unet).eval()(tiles)
    hook.remove()
    return seen[0].mean((0, 2, 3))


def _in_unet(name: str) -> str:
    """Return what a tensor of a compact network is called in a U-Net, whose decoder has one block more."""
    if found := re.match(r"decoder\.center\.(\d)\.", name):
        return f"decoder.blocks.0.conv{int(found[1]) + 1}.{name[found.end() :]}"
    if found := re.match(r"decoder\.blocks\.(\d)\.", name):
        return f"decoder.blocks.{int(found[1]) + 1}.{name[found.end() :]}"
    return name


def _fits(own: Tensor, other: Tensor | None) -> bool:
    return other is not None and own.shape == other.shape
