"""A wider U-Net that answers as a narrower one does, and has room to learn more (Net2Wider, arXiv:1511.05641)."""

import re

import torch
from torch import Tensor, nn


def widen(narrow: nn.Module, wide: nn.Module) -> None:
    """Fill a U-Net, in place, so that it answers as one with fewer channels in its decoder.

    Its further channels see what they see at random, and nobody hears them yet: they learn from the first step on.

    Args:
        narrow: trained.
        wide: new, with at least as many channels at each stage.

    Raises:
        ValueError: a stage has fewer.
    """
    known = narrow.state_dict()
    with torch.no_grad():
        for name, own in wide.state_dict().items():
            _fill(own, known[name], skipped=_skipped(name, known))


def _skipped(name: str, known: dict[str, Tensor]) -> int:
    """Return how many of a convolution's inputs come from the encoder: in a decoder's block they are its last ones."""
    block = re.fullmatch(r"decoder\.blocks\.(\d)\.conv1\.0\.weight", name)
    if block is None:
        return 0
    before = known.get(f"decoder.blocks.{int(block[1]) - 1}.conv2.0.weight", ())
    return known[name].shape[1] - len(before)


def _fill(own: Tensor, other: Tensor, *, skipped: int) -> None:
    """Copy a tensor into the first places of a larger one; what the copied channels would hear of new ones is 0."""
    if own.ndim != other.ndim or any(a < b for a, b in zip(own.shape, other.shape, strict=True)):
        raise ValueError(f"expected a tensor of {tuple(other.shape)} or more, got {tuple(own.shape)}")
    if own.ndim < 2:
        own[tuple(map(slice, other.shape))] = other
        return
    outputs, inputs = other.shape[:2]
    first = inputs - skipped
    own[:outputs] = 0
    own[:outputs, :first] = other[:, :first]
    if skipped:
        own[:outputs, -skipped:] = other[:, first:]
