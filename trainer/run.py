"""One training run from pictures to a published bundle."""

import signal
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from rich.console import Console
from rich.progress import track

from layerwatch.bundle import InputSpec, Manifest, load_manifest
from layerwatch.errors import TrainingError
from layerwatch.registry import Registry
from layerwatch.vision.network import Inspectable
from trainer.checkpoint import Checkpoint, Progress
from trainer.console import training_bar
from trainer.crops import plan_crops
from trainer.hard_examples import seer, with_hard_examples
from trainer.into_service import promote_if_wished, published_already
from trainer.preparing import Prepared, prepare_all
from trainer.regression import load_regression
from trainer.request import Request
from trainer.training import first_tiles, train_network

Item = TypeVar("Item")


def train_and_publish(request: Request, console: Console) -> None:
    """Train, export, quantize, choose operating points, publish and, where asked, promote.

    Raises:
        TrainingError: the data or the options do not allow it; the message says why.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops as cleanly as Ctrl-C
    torch.set_num_threads(request.hardware.cpu_threads)
    checkpoint = Checkpoint(folder=request.work / "run")
    if checkpoint.exists and not request.resume:
        raise TrainingError(f"{request.work} holds an unfinished run: go on with --resume, or give another --work")
    place = published_already(request, console) or _train_and_publish(request, checkpoint, console)
    if place is None:
        return
    promote_if_wished(request, place, console)
    checkpoint.clear()


def _train_and_publish(request: Request, checkpoint: Checkpoint, console: Console) -> Path | None:
    """Return where the bundle is published; None in a process that only shares the work of the first."""
    recipe = request.recipe
    fabric = request.hardware.start(mixed_precision=recipe.mixed_precision)
    if not fabric.is_global_zero:
        console = Console(quiet=True)
    with fabric.rank_zero_first():  # the others find the layers prepared
        prepared = prepare_all(
            request.sources,
            InputSpec(scale=recipe.scale),
            request.work / "prepared",
            share=recipe.validation_share,
            seed=recipe.seed,
            track=lambda found: _tracked(found, console, "reading layers"),
            regression=load_regression(request.registry, request.name),
            in_service=_in_service(request),
        )
    console.print(prepared.summary)
    networks, progress = _train(request, prepared, checkpoint, fabric, console)
    if not fabric.is_global_zero:
        return None
    from trainer.publishing import publish  # noqa: PLC0415

    return publish(request, prepared, networks, progress, console)


def _in_service(request: Request) -> Manifest | None:
    registry = Registry(request.registry)
    return load_manifest(registry.resolve(request.name)) if registry.current(request.name) else None


def _train(
    request: Request, prepared: Prepared, checkpoint: Checkpoint, fabric: Fabric, console: Console
) -> tuple[tuple[Inspectable, ...], Progress]:
    recipe = request.recipe
    plan = plan_crops(prepared.sources, prepared.training, side=recipe.crop, defect_share=recipe.defect_share)
    if recipe.hard_share:
        sees = seer(recipe, first_tiles(plan, recipe), fabric.device)
        plan = with_hard_examples(
            plan, sees, share=recipe.hard_share, track=lambda samples: _tracked(samples, console, "hard examples")
        )
    try:
        with training_bar(console, request.progress if fabric.is_global_zero else None) as report:
            return train_network(
                recipe,
                plan,
                prepared.validation,
                checkpoint,
                data=prepared.data,
                fabric=fabric,
                report=report,
            )
    except KeyboardInterrupt:
        console.print(f"the run is kept in {request.work}: the same command with --resume goes on")
        raise


def _tracked(items: Iterable[Item], console: Console, what: str) -> Iterable[Item]:
    return track(list(items), description=what, console=console)
