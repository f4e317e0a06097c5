"""The `masks` command: pictures in, masks and figures about them out."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.progress import track

from layerwatch.atomic import write_atomic
from layerwatch.bundle import load_manifest
from layerwatch.errors import TrainingError
from layerwatch.layers import Stage
from layerwatch.profile import load_profile
from layerwatch.vision.encode import encode_png
from trainer.kinds import kind_names
from trainer.masks import read_kinds
from trainer.regenerate.contact_sheet import CASES, ContactSheet
from trainer.regenerate.density import Density, density
from trainer.regenerate.figures import Figures
from trainer.regenerate.method import DEFAULT, Method
from trainer.regenerate.methods import Methods
from trainer.regenerate.neighbours import SceneReader
from trainer.sources import CLEAN, LayerFiles, Source, find_layer_sets, layer_key

REPORT: Final = "masks.json"  # beside the masks: how they were made, and that no person drew them


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to do.

    Attributes:
        pictures: folder as the printer wrote it.
        target: folder for the masks.
        profile: a shipped name or a TOML file.
        methods: the first one's masks are written, the others only measured.
        votes: lights that have to agree where nothing is learned; None for the majority.
        bundle: the trained network of the methods that need one.
        stages: only these; empty for all.
        truth: folder of true masks, LLLLLL_STAGE.png, below it the same folders as in `pictures`.
    """

    pictures: Path
    target: Path
    profile: str
    methods: tuple[Method, ...] = (DEFAULT,)
    votes: int | None = None
    bundle: Path | None = None
    stages: frozenset[Stage] = frozenset()
    truth: Path | None = None


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of it: `figures` by method and stage, `skipped` as one line each, `kinds` by their number."""

    densities: list[Density] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    figures: dict[tuple[Method, Stage], Figures] = field(default_factory=lambda: defaultdict(Figures))
    kinds: dict[int, str] = field(default_factory=dict)
    sheet: ContactSheet = field(default_factory=ContactSheet)


def make_masks(order: Order, console: Console) -> Outcome:
    """Write a mask for each layer set, PRINTER_BUILD_LLLLLL_STAGE.png of 0, 128 (ignore) and 255.

    A layer set that cannot be read is left out and told.

    Raises:
        TrainingError: nothing can be read, or the order makes no sense.
    """
    source = _source(order)
    layer_sets = find_layer_sets(source, 0)
    chosen = [files for files in layer_sets if not order.stages or files.stage in order.stages]
    if not chosen:
        raise TrainingError(f"{order.pictures} has no layer set of the stage {', '.join(sorted(order.stages))}")
    _check_target(order)
    methods = Methods(order.methods, votes=order.votes, bundle=order.bundle)
    outcome = Outcome(kinds=kind_names(chosen))
    shown = {chosen[int(index)] for index in np.linspace(0, len(chosen) - 1, min(CASES, len(chosen)))}
    reader = SceneReader(source=source, layer_sets=layer_sets)
    for files in track(chosen, description=f"{order.methods[0]} masks", console=console):
        try:
            _make(files, order, methods, reader, outcome, shown=files in shown)
        except (TrainingError, OSError) as error:
            outcome.skipped.append(str(error))
    if not outcome.densities:
        raise TrainingError(f"none of the {len(chosen)} layer sets can be used; the first: {outcome.skipped[0]}")
    write_atomic(order.target / REPORT, (json.dumps(as_json(order, outcome), indent=1) + "\n").encode())
    return outcome


def as_json(order: Order, outcome: Outcome) -> dict[str, object]:
    """Return all that was found, for programs."""
    return {
        "schema": 1,
        "method": order.methods[0],
        "profile": order.profile,
        "votes": order.votes,
        "model": load_manifest(order.bundle).id if order.bundle and order.methods[0].learned else None,
        "layer_sets": [item.as_json() for item in outcome.densities],
        "skipped": outcome.skipped,
        "figures": [
            {"method": method, "stage": stage, **figures.as_json(), "recall_of_kinds": _named(figures, outcome.kinds)}
            for (method, stage), figures in sorted(outcome.figures.items())
        ],
    }


def _make(  # noqa: PLR0913 - what one mask needs
    files: LayerFiles, order: Order, methods: Methods, reader: SceneReader, outcome: Outcome, *, shown: bool
) -> None:
    scene = reader.scene(files)
    true = None
    if files.mask is not None:
        true = read_kinds(files.mask, files.kinds, (), scene.shape)
    masks = methods.masks(scene)
    mask = masks[order.methods[0]]
    key = layer_key(reader.source, files.build, files.layer, files.stage)
    write_atomic(order.target / f"{key}.png", encode_png(mask))
    made = density(key, mask, scene.plate)
    outcome.densities.append(made)
    if shown:
        outcome.sheet.add(scene, mask, f"{key}: {made.defect_ratio:.2%} defects, {made.ignored_ratio:.2%} open")
    if true is not None:
        for method, own in masks.items():
            outcome.figures[method, files.stage].add(own, true)


def _named(figures: Figures, kinds: dict[int, str]) -> dict[str, float]:
    return {kinds.get(kind, str(kind)): recall for kind, recall in figures.recalls().items()}


def _source(order: Order) -> Source:
    for folder in filter(None, (order.pictures, order.truth)):
        if not folder.is_dir():
            raise TrainingError(f"there is no folder {folder}")
    profile = load_profile(order.profile)
    if order.votes is not None and not 1 <= order.votes <= len(profile.expected_lights):
        lights = len(profile.expected_lights)
        raise TrainingError(
            f"--votes {order.votes}: the profile {profile.name} has {lights} lights; give 1 to {lights}"
        )
    return Source(images=order.pictures, masks=order.truth or CLEAN, profile=profile)


def _check_target(order: Order) -> None:
    target, pictures = order.target.resolve(), order.pictures.resolve()
    if target == pictures or pictures in target.parents:
        raise TrainingError(f"{order.target} lies in the folder of pictures, which is the printer's; give another OUT")
    if target.exists() and not target.is_dir():
        raise TrainingError(f"{order.target} is not a folder")
    if target.is_dir() and any(target.iterdir()) and not (target / REPORT).is_file():
        raise TrainingError(f"{order.target} holds files that this command did not write; give an empty folder as OUT")
