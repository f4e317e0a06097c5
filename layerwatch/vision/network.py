"""The network itself: the only file of layerwatch that needs torch. Serving int8 never imports it."""

from pathlib import Path
from typing import Any, Final, Literal

import segmentation_models_pytorch as smp
import torch
from safetensors.torch import load_file
from segmentation_models_pytorch.base.modules import Conv2dReLU
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from torch import Tensor, nn

ENCODER: Final = "mobilenet_v2"
Decoder = Literal["unet", "unetplusplus", "linknet", "compact"]  # the last one is ours, see `_make_compact`
DECODER_CHANNELS: Final = (256, 128, 64, 32, 16)
DEPTH: Final = 4  # halvings in the encoder of a compact network
DEEPEST: Final = 14  # modules of MobileNetV2 up to the fourth halving
MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)
MULTIPLE: Final = 32  # five halvings in the encoder


def build_network(
    encoder_weights: str | Path = "none",
    *,
    decoder: Decoder = "unet",
    decoder_channels: tuple[int, ...] = DECODER_CHANNELS,
) -> nn.Module:
    """Return a network with a MobileNetV2 encoder: (N, 3, H, W) normalised -> (N, 1, H, W) logits.

    Args:
        encoder_weights: `imagenet` (fetched from the model hub), `none`, or a safetensors file with the encoder's
            tensors.
        decoder: what makes a map of what the encoder sees.
        decoder_channels: of its stages, deepest first: five of a U-Net or U-Net++, five or four of `compact`; LinkNet
            has no such choice.
    """
    fetched = "imagenet" if str(encoder_weights) == "imagenet" else None
    small = decoder == "compact"
    sizes: dict[str, Any] = {"decoder_channels": decoder_channels}
    if small:
        sizes = {"encoder_depth": DEPTH, "decoder_channels": decoder_channels[:DEPTH]}
    network: nn.Module = smp.create_model(
        "unet" if small else decoder,
        ENCODER,
        encoder_weights=fetched,
        in_channels=3,
        classes=1,
        **({} if decoder == "linknet" else sizes),
    )
    if str(encoder_weights) not in {"imagenet", "none"}:
        encoder: Any = network.encoder
        encoder.load_state_dict(dict(load_file(encoder_weights)), strict=True)
    if small:
        _make_compact(network, *decoder_channels)
    return network


def _make_compact(network: Any, first: int, *stages: int) -> None:  # noqa: ANN401 - smp has no types
    """Leave out what costs much and says little, in place: the encoder's deepest stage, with most of all weights.

    With three stages behind the first, the last one is at half of the resolution, and each place there answers for four
    pixels.
    """
    *seen, deepest = network.encoder.out_channels
    network.encoder.features = network.encoder.features[:DEEPEST]
    decoder = UnetDecoder((*seen, first), (*stages, 1)[:DEPTH], n_blocks=DEPTH)
    decoder.center = nn.Sequential(
        Conv2dReLU(deepest, first, kernel_size=3, padding=1), Conv2dReLU(first, first, kernel_size=3, padding=1)
    )
    decoder.blocks = decoder.blocks[: len(stages)]
    network.decoder = decoder
    if len(stages) == DEPTH:
        head: list[nn.Module] = [nn.Conv2d(stages[-1], 1, kernel_size=3, padding=1)]
    else:
        head = [nn.Conv2d(stages[-1], 4, kernel_size=1), nn.PixelShuffle(2)]
    network.segmentation_head = nn.Sequential(*head)
    network.initialize()


def add_to_logits(network: nn.Module, offset: float) -> None:
    """Change a network of `build_network` in place so that its logits are greater by `offset`."""
    head: Any = network.segmentation_head
    with torch.no_grad():
        head[0].bias += offset


def divide_logits(network: nn.Module, temperature: float) -> None:
    """Change a network of `build_network` in place so that its logits are `temperature` times smaller."""
    head: Any = network.segmentation_head
    with torch.no_grad():
        head[0].weight /= temperature
        head[0].bias /= temperature


class Inspectable(nn.Module):
    """The network as it is served: grey values in, probabilities out.

    `forward` takes tiles (N, H, W, 3) uint8 0..255, H and W multiples of 32, and returns the probability of a defect,
    (N, H, W) float32 0..1.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("scale", 1 / (255 * torch.tensor(STD).view(1, 3, 1, 1)))
        self.register_buffer("shift", -(torch.tensor(MEAN) / torch.tensor(STD)).view(1, 3, 1, 1))

    def forward(self, tiles: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(tiles))

    def logits(self, tiles: Tensor) -> Tensor:
        """Return (N, H, W) float32 for tiles as in `forward`."""
        planes = tiles.permute(0, 3, 1, 2).to(self.scale.dtype)
        answer: Tensor = self.network(planes * self.scale + self.shift)
        return answer[:, 0]
