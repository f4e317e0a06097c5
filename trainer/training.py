"""The training loop: crops in, the best network out; stopped or killed, it goes on where it was."""

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from layerwatch.vision.network import Inspectable
from trainer.augment import build_augmentation
from trainer.checkpoint import Checkpoint, Point, Progress
from trainer.crops import CropPlan, draw_crop
from trainer.loss import segmentation_loss, weight_offset
from trainer.metrics import PixelCounts, average_precision
from trainer.recipe import Recipe
from trainer.setup import build_optimizer, first_network, rate_factor, training_mode
from trainer.store import Sample, evenly

Report = Callable[[Progress, float], None]

SAVE_SECONDS: Final = 120
AHEAD: Final = 3  # batches that are prepared while the network is busy
VALIDATION_SETS: Final = 32  # layer sets that the curve is measured on


def train_network(  # noqa: PLR0913 - what a run needs, each a thing of its own
    recipe: Recipe,
    plan: CropPlan,
    validation: Sequence[Sample],
    checkpoint: Checkpoint,
    *,
    data: str,
    device: torch.device,
    report: Report,
) -> tuple[tuple[Inspectable, ...], Progress]:
    """Train until steps or minutes are used up; return the last network, the best of the curve, and how it went.

    Where the last is the best, it comes alone. All are on the CPU. The curve is measured on a few layer sets only, so
    its best need not be the better one.

    KeyboardInterrupt passes through after the state was saved.
    """
    torch.manual_seed(recipe.seed)
    progress = checkpoint.load(recipe, data)
    network = first_network(recipe, lambda: first_tiles(plan, recipe), fresh=progress.step == 0)
    model = Inspectable(network).to(device)
    optimizer = build_optimizer(network, recipe)
    if progress.step:
        checkpoint.restore(model, optimizer)
    progress = _run(model, optimizer, progress, plan, validation, checkpoint, report)
    last = model.cpu().eval()
    if progress.best <= (progress.curve[-1].average_precision or 0.0):
        return (last,), progress
    best = deepcopy(last)
    checkpoint.restore_best(best)
    return (last, best), progress


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
            losses.append(take_step(model, optimizer, progress, next(batches), device))
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


def take_step(
    model: Inspectable, optimizer: Optimizer, progress: Progress, batch: tuple[Tensor, Tensor], device: torch.device
) -> float:
    """Learn from one batch, tiles (N, H, W, 3) and mask (N, H, W), both uint8; return the loss."""
    recipe = progress.recipe
    training_mode(model, freeze_encoder_norm=recipe.freeze_encoder_norm)
    factor = rate_factor(progress.step, progress.spent, recipe.warm_up)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
    tiles, mask = (part.to(device) for part in batch)
    with torch.autocast(device.type, torch.bfloat16, enabled=recipe.mixed_precision):
        logits = model.logits(tiles)
    loss = segmentation_loss(logits.float(), mask.float(), pos_weight=recipe.pos_weight)
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


def first_tiles(plan: CropPlan, recipe: Recipe) -> Tensor:
    """Return a batch of training tiles, (N, H, W, 3) uint8."""
    batches = _batches(plan, recipe, first=0)
    tiles, _ = next(batches)
    batches.close()
    return tiles


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
