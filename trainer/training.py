"""The training loop: crops in, the best network out; stopped or killed, it goes on where it was."""

import math
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from layerwatch.errors import TrainingError
from layerwatch.vision.network import Inspectable, build_network
from trainer.augment import build_augmentation
from trainer.checkpoint import Checkpoint, Point, Progress
from trainer.crops import CropPlan, draw_crop
from trainer.loss import segmentation_loss, weight_offset
from trainer.metrics import PixelCounts, average_precision
from trainer.recipe import Recipe
from trainer.store import Sample, evenly

Report = Callable[[Progress, float], None]

SAVE_SECONDS: Final = 120
AHEAD: Final = 3  # batches that are prepared while the network is busy
VALIDATION_SETS: Final = 32  # layer sets that the curve is measured on


def pick_device(name: str) -> torch.device:
    """Return the device for `auto`, `cpu`, `cuda` or `mps`; auto takes the fastest there is."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise TrainingError(f"--device {name}: expected auto, cpu, cuda or mps") from error


def train_network(  # noqa: PLR0913 - what a run needs, each a thing of its own
    recipe: Recipe,
    plan: CropPlan,
    validation: Sequence[Sample],
    checkpoint: Checkpoint,
    *,
    data: str,
    device: torch.device,
    report: Report,
) -> tuple[Inspectable, Progress]:
    """Train until steps or minutes are used up and return the best network, on the CPU, and how it went.

    KeyboardInterrupt passes through after the state was saved.
    """
    torch.manual_seed(recipe.seed)
    progress = checkpoint.load(recipe, data)
    weights = recipe.encoder_weights if progress.step == 0 else "none"
    network = build_network(weights, decoder_channels=recipe.decoder_channels)
    model = Inspectable(network).to(device)
    optimizer = build_optimizer(network, recipe)
    if progress.step:
        checkpoint.restore(model, optimizer)
    progress = _run(model, optimizer, progress, plan, validation, checkpoint, report)
    checkpoint.restore_best(model)
    return model.cpu().eval(), progress


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


def validate(model: Inspectable, samples: Sequence[Sample], pos_weight: float) -> float:
    """Return the pixel average precision at the working scale."""
    model.eval()
    device = next(model.parameters()).device
    counts = PixelCounts()
    with torch.inference_mode():
        for sample in samples:
            tile, defect = sample.load_tile()
            logits = model.logits(torch.from_numpy(tile).to(device))[0]
            probability = torch.sigmoid(logits + weight_offset(pos_weight))
            counts.add((probability * 255).round().to(torch.uint8).cpu().numpy(), defect)
    return average_precision(counts)


def _run(  # noqa: PLR0913, PLR0917 - the parts of the loop
    model: Inspectable,
    optimizer: Optimizer,
    progress: Progress,
    plan: CropPlan,
    validation: Sequence[Sample],
    checkpoint: Checkpoint,
    report: Report,
) -> Progress:
    recipe = progress.recipe
    device = next(model.parameters()).device
    watched = evenly(validation, VALIDATION_SETS)
    before, started, saved = progress.seconds, time.monotonic(), time.monotonic()
    losses: list[float] = []
    batches = _batches(plan, recipe, first=progress.step)
    try:
        while progress.spent < 1:
            losses.append(_step(model, optimizer, progress, next(batches), device))
            progress.step += 1
            progress.seconds = before + time.monotonic() - started
            report(progress, losses[-1])
            if progress.step % recipe.validate_every == 0 or progress.spent >= 1:
                _measure(model, progress, watched, checkpoint, float(np.mean(losses)))
                losses.clear()
                progress.seconds = before + time.monotonic() - started
            if time.monotonic() - saved > SAVE_SECONDS:
                checkpoint.save(progress, model, optimizer)
                saved = time.monotonic()
        if progress.best < 0:  # ended between two validations
            _measure(model, progress, watched, checkpoint, progress.curve[-1].loss if progress.curve else 0.0)
    finally:
        batches.close()
        checkpoint.save(progress, model, optimizer)
    return progress


def _step(
    model: Inspectable, optimizer: Optimizer, progress: Progress, batch: tuple[Tensor, Tensor], device: torch.device
) -> float:
    recipe = progress.recipe
    training_mode(model, freeze_encoder_norm=recipe.freeze_encoder_norm)
    factor = rate_factor(progress.step, progress.spent, recipe.warm_up)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
    tiles, mask = (part.to(device) for part in batch)
    loss = segmentation_loss(model.logits(tiles), mask.float(), pos_weight=recipe.pos_weight)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), recipe.gradient_clip)
    optimizer.step()
    return float(loss.detach())


def _measure(
    model: Inspectable, progress: Progress, validation: Sequence[Sample], checkpoint: Checkpoint, loss: float
) -> None:
    precision = validate(model, validation, progress.recipe.pos_weight)
    progress.curve = (*progress.curve, Point(step=progress.step, loss=loss, average_precision=precision))
    if precision > progress.best:
        progress.best = precision
        checkpoint.save_best(model)


def _batches(plan: CropPlan, recipe: Recipe, *, first: int) -> Generator[tuple[Tensor, Tensor]]:
    """Yield (tiles, mask) from step `first` on; a step's crops depend on nothing but seed and step."""
    augment = build_augmentation()

    def batch(step: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((recipe.seed, step))
        crops = [augment(*draw_crop(plan, rng), rng) for _ in range(recipe.batch)]
        tiles, masks = (np.stack(parts) for parts in zip(*crops, strict=True))
        return torch.from_numpy(tiles), torch.from_numpy(masks)

    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = [pool.submit(batch, first + ahead) for ahead in range(AHEAD)]
        step = first + AHEAD
        while True:
            yield waiting.pop(0).result()
            waiting.append(pool.submit(batch, step))
            step += 1
