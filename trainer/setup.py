"""What a training run starts with: network, optimizer and the way of the learning rate."""

import math
from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from layerwatch.errors import TrainingError
from layerwatch.vision.network import add_to_logits, build_network
from trainer.loss import weight_offset
from trainer.recipe import Recipe
from trainer.shrink import shrink, unet_channels
from trainer.warm_start import load_trained
from trainer.widen import widen


def new_network(recipe: Recipe, encoder_weights: str = "none") -> nn.Module:
    """Return a network of the recipe's shape, see `build_network`."""
    return build_network(encoder_weights, decoder=recipe.decoder, decoder_channels=recipe.decoder_channels)


def trained_network(recipe: Recipe, tiles: Tensor) -> nn.Module:
    """Return the network of `recipe.start`; of a U-Net with the channels that it has.

    Args:
        recipe: says which file.
        tiles: (N, H, W, 3) uint8, real tiles; see `load_trained`.

    Raises:
        TrainingError: the file is not there, or holds another kind of network.
    """
    file = Path(recipe.start)
    channels = unet_channels(file) if recipe.decoder in {"compact", "unet"} else None
    shape = {"decoder": "unet", "decoder_channels": channels} if channels else {}
    network = new_network(recipe.model_copy(update=shape))
    load_trained(network, file, tiles)
    return network


def first_network(recipe: Recipe, tiles: Callable[[], Tensor], *, fresh: bool) -> nn.Module:
    """Return the network that training starts from; only its shape counts where a run goes on.

    Args:
        recipe: says what it starts from.
        tiles: gives real tiles (N, H, W, 3) uint8, asked for where a trained network is taken over.
        fresh: the run begins; otherwise the weights come from its checkpoint.

    Raises:
        TrainingError: the file to start from is not there, or holds another kind of network.
    """
    network = new_network(recipe) if not fresh or recipe.start else new_network(recipe, recipe.encoder_weights)
    if fresh and recipe.start:
        network = _as_wished(trained_network(recipe, seen := tiles()), network, recipe, seen)
        add_to_logits(network, -weight_offset(recipe.pos_weight))
    return network


def _as_wished(trained: nn.Module, network: nn.Module, recipe: Recipe, tiles: Tensor) -> nn.Module:
    """Return the trained network, or the new one filled with what it knows where that is to be of another shape."""
    channels = unet_channels(Path(recipe.start))
    if recipe.decoder == "compact" and channels:
        shrink(trained, network, tiles)
    elif recipe.decoder == "unet" and channels != recipe.decoder_channels:
        try:
            widen(trained, network)
        except ValueError as error:
            raise TrainingError(
                f"--start {recipe.start} has the channels {', '.join(map(str, channels or ()))}: "
                "--decoder-channels may be more, not fewer"
            ) from error
    else:
        return trained
    return network


def build_optimizer(network: nn.Module, recipe: Recipe) -> Optimizer:
    """Return AdamW with a lower rate for the encoder."""
    encoder = [value for name, value in network.named_parameters() if name.startswith("encoder.")]
    others = [value for name, value in network.named_parameters() if not name.startswith("encoder.")]
    groups = [
        {"params": encoder, "peak": recipe.encoder_learning_rate},
        {"params": others, "peak": recipe.learning_rate},
    ]
    return AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def rate_factor(step: int, spent: float, warm_up: int) -> float:
    """Return what the learning rate is multiplied with: a linear warm-up, then half a cosine down to 0.01."""
    warm = min(1.0, (step + 1) / (warm_up + 1))
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * spent)))


def training_mode(model: nn.Module, *, freeze_encoder_norm: bool) -> None:
    """Switch to training; a frozen BatchNorm keeps the statistics that its weights came with."""
    model.train()
    if freeze_encoder_norm:
        for name, module in model.named_modules():
            if ".encoder." in f".{name}." and isinstance(module, nn.BatchNorm2d):
                module.eval()
