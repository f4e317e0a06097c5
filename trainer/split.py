"""Training and validation data apart: by whole builds, or by blocks of neighbouring layers, never at random.

Neighbouring layers are nearly equal; a random split would measure what the network has learned by heart.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from layerwatch.errors import TrainingError
from trainer.sources import LayerFiles, Source

ENOUGH_BUILDS = 4  # with fewer, holding one back would cost too much of the training data


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What is learned from, what is measured on, and how that was decided."""

    training: tuple[LayerFiles, ...]
    validation: tuple[LayerFiles, ...]
    rules: tuple[str, ...]


def split(sources: Sequence[Source], layer_sets: Sequence[LayerFiles], *, share: float, seed: int) -> Split:
    """Hold back about `share` (0..1) of the layer sets of each printer profile.

    Raises:
        TrainingError: too few layers to hold any back.
    """
    by_profile: dict[str, list[LayerFiles]] = defaultdict(list)
    for files in layer_sets:
        by_profile[sources[files.source].profile.name].append(files)
    training: list[LayerFiles] = []
    validation: list[LayerFiles] = []
    rules = []
    for profile, members in sorted(by_profile.items()):
        held, rule = _hold_back(members, share, seed)
        validation += [files for files in members if files in held]
        training += [files for files in members if files not in held]
        rules.append(f"{profile}: {rule}")
    if not training or not validation:
        raise TrainingError(f"{len(layer_sets)} layer sets are too few to hold any back for validation")
    return Split(training=tuple(training), validation=tuple(validation), rules=tuple(rules))


def told(layer_sets: Iterable[LayerFiles]) -> list[dict[str, Any]]:
    """Return which layer sets these are, ready for JSON: for each source, build and stage, runs of layers as 3-7,9."""
    layers: dict[tuple[int, str, str], set[int]] = defaultdict(set)
    for files in layer_sets:
        layers[files.source, files.build, str(files.stage)].add(files.layer)
    return [
        {"source": source, "build": build, "stage": stage, "layers": _runs(sorted(numbers))}
        for (source, build, stage), numbers in sorted(layers.items())
    ]


def _runs(numbers: Sequence[int]) -> str:
    """Return rising numbers as runs: 3-7,9."""
    cuts = [place for place in range(1, len(numbers)) if numbers[place] > numbers[place - 1] + 1]
    runs = (numbers[first:after] for first, after in pairwise([0, *cuts, len(numbers)]))
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _hold_back(members: Sequence[LayerFiles], share: float, seed: int) -> tuple[frozenset[LayerFiles], str]:
    by_build: dict[tuple[int, str], list[LayerFiles]] = defaultdict(list)
    for files in members:
        by_build[files.source, files.build].append(files)
    if len(by_build) < ENOUGH_BUILDS:
        held = [files for build in by_build.values() for files in _last_layers(build, share)]
        return frozenset(held), f"the last {share:.0%} of the layers of each of {len(by_build)} builds"
    order = np.random.default_rng(seed).permutation(len(by_build))
    chosen = [sorted(by_build)[index] for index in order[: max(1, round(share * len(by_build)))]]
    return frozenset(files for key in chosen for files in by_build[key]), f"{len(chosen)} of {len(by_build)} builds"


def _last_layers(build: Sequence[LayerFiles], share: float) -> list[LayerFiles]:
    layers = sorted({files.layer for files in build})
    if len(layers) < 2:
        return []
    first = layers[-max(1, round(share * len(layers)))]
    return [files for files in build if files.layer >= first]
