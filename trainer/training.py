"""The training loop: crops in, the best network out; stopped or killed, it goes on where it was.

Several devices run it side by side, each on crops of its own. What has to be the same for all (the clock, and what was
measured) is said by the first of them, which alone writes to the disk.
"""

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from layerwatch.signals import whole
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
    fabric: Fabric,
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
    learner = Learner.set_up(fabric, network, recipe)
    if progress.step:
        checkpoint.restore(learner.model, learner.optimizer)
    progress = _run(learner, progress, plan, validation, checkpoint, report)
    last = learner.model.cpu().eval()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """A network and its optimizer on the devices of a Fabric.

    Attributes:
        shared: the network behind what lets several devices share the work; steps go through it.
        model: the same network by itself.
        optimizer: the same optimizer by itself.
    """

    fabric: Fabric
    shared: Any  # lightning_fabric has no public type for it
    model: Inspectable
    optimizer: Optimizer

    @classmethod
    def set_up(cls, fabric: Fabric, network: nn.Module, recipe: Recipe) -> Self:
        """Move a network to the device and make its optimizer."""
        model, optimizer = Inspectable(network), build_optimizer(network, recipe)
        shared, _ = fabric.setup(model, optimizer)
        shared.mark_forward_method("logits")
        return cls(fabric=fabric, shared=shared, model=model, optimizer=optimizer)

    def learn(self, progress: Progress, batch: tuple[Tensor, Tensor]) -> float:
        """Learn from one batch, tiles (N, H, W, 3) and mask (N, H, W), both uint8; return the loss."""
        recipe = progress.recipe
        training_mode(self.model, freeze_encoder_norm=recipe.freeze_encoder_norm)
        factor = rate_factor(progress.step, progress.spent, recipe.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        tiles, mask = (part.to(self.fabric.device) for part in batch)
        with self.fabric.autocast():
            logits = self.shared.logits(tiles)
        loss = segmentation_loss(logits.float(), mask.float(), pos_weight=recipe.pos_weight)
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), recipe.gradient_clip)
        self.optimizer.step()
        return float(loss.detach())


def _run(  # noqa: PLR0913, PLR0917 - the parts of the loop
    learner: Learner,
    progress: Progress,
    plan: CropPlan,
    validation: Sequence[Sample],
    checkpoint: Checkpoint,
    report: Report,
) -> Progress:
    recipe, fabric = progress.recipe, learner.fabric
    watched = evenly(validation, VALIDATION_SETS)
    before, started, saved = progress.seconds, time.monotonic(), time.monotonic()
    losses: list[float] = []
    batches = _batches(plan, recipe, first=progress.step, rank=fabric.global_rank)

    def seconds() -> float:
        return fabric.broadcast(before + time.monotonic() - started)

    last: float | None = None
    try:
        while not progress.ended:
            batch = next(batches)
            with whole():  # a step that is half done would count twice when the run goes on
                last = learner.learn(progress, batch)
                progress.step += 1
            losses.append(last)
            progress.seconds = seconds()
            report(progress, last)
            if progress.step % recipe.validate_every == 0 or progress.spent >= 1:
                _measure(learner, progress, watched, checkpoint, float(np.mean(losses)))
                losses.clear()
                progress.seconds = seconds()
            if time.monotonic() - saved > SAVE_SECONDS:
                _save(learner, progress, checkpoint)
                saved = time.monotonic()
        if last is not None:
            report(progress, last)  # what was measured last may have ended it
        if progress.best < 0:  # ended between two validations
            _measure(learner, progress, watched, checkpoint, progress.curve[-1].loss if progress.curve else 0.0)
    finally:
        batches.close()
        _save(learner, progress, checkpoint)
    return progress


def _measure(
    learner: Learner, progress: Progress, validation: Sequence[Sample], checkpoint: Checkpoint, loss: float
) -> None:
    first = learner.fabric.is_global_zero
    measured = validate(learner.model, validation, progress.recipe.pos_weight) if first else 0.0
    precision = learner.fabric.broadcast(measured)
    progress.curve = (*progress.curve, Point(step=progress.step, loss=loss, average_precision=precision))
    if precision > progress.best:
        progress.best = precision
        if first:
            checkpoint.save_best(learner.model)


def _save(learner: Learner, progress: Progress, checkpoint: Checkpoint) -> None:
    if learner.fabric.is_global_zero:
        checkpoint.save(progress, learner.model, learner.optimizer)


def first_tiles(plan: CropPlan, recipe: Recipe) -> Tensor:
    """Return a batch of training tiles, (N, H, W, 3) uint8."""
    batches = _batches(plan, recipe, first=0, rank=0)
    tiles, _ = next(batches)
    batches.close()
    return tiles


def _batches(plan: CropPlan, recipe: Recipe, *, first: int, rank: int) -> Generator[tuple[Tensor, Tensor]]:
    """Yield (tiles, mask) from step `first` on; a step's crops depend on nothing but seed, step and device."""
    augment = build_augmentation()

    def batch(step: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((recipe.seed, step, rank))
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
