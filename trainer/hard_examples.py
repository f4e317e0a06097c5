"""What a trained network still gets wrong on the training data, so that the next crops show it more often."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from layerwatch.vision.network import Inspectable
from trainer.crops import CropPlan, Spot, spots_of
from trainer.ignore import defects, judged
from trainer.overlap import FOUND_SHARE
from trainer.recipe import Recipe
from trainer.setup import trained_network
from trainer.store import Sample

Track = Callable[[Iterable[Sample]], Iterable[Sample]]
Seer = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
SEES: Final = 0.5  # probability from which a network sees a defect


def seer(recipe: Recipe, tiles: Tensor, device: torch.device) -> Seer:
    """Return the network of `recipe.start` as a function from a tile (1, h, w, 3) to where it sees a defect, (h, w).

    Args:
        recipe: says which network.
        tiles: (N, H, W, 3) uint8, real tiles; see `load_trained`.
        device: that the network runs on.
    """
    model = Inspectable(trained_network(recipe, tiles)).to(device).eval()

    def sees(tile: NDArray[np.uint8]) -> NDArray[np.bool_]:
        with torch.inference_mode():
            return np.asarray((model(torch.from_numpy(tile).to(device))[0] >= SEES).cpu().numpy())

    return sees


def with_hard_examples(plan: CropPlan, sees: Seer, *, share: float, track: Track) -> CropPlan:
    """Return the plan with the mistakes that a network makes on its samples.

    Args:
        plan: where the defects are.
        sees: where the network sees one.
        share: of the crops that show its mistakes, 0..1.
        track: shows how far it is.
    """
    missed: dict[tuple[int, int], list[Spot]] = defaultdict(list)
    false_alarms: dict[int, list[Spot]] = defaultdict(list)
    for number, sample in enumerate(track(plan.samples)):
        tile, kinds = sample.load_tile()
        seen, source = sees(tile), sample.files.source
        for kind in sample.present:
            missed[source, kind] += spots_of(number, _missed(kinds == kind, seen))
        false_alarms[source] += spots_of(number, _false(seen & judged(kinds), defects(kinds)))
    return replace(
        plan,
        missed=tuple(
            tuple(tuple(missed[source, kind]) for kind in plan.kinds(source)) for source in range(len(plan.members))
        ),
        false_alarms=tuple(tuple(false_alarms[source]) for source in range(len(plan.members))),
        hard_share=share,
    )


def _missed(defect: NDArray[np.bool_], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the regions (h, w) of which too little is seen."""
    labels, areas, covered = _regions(defect, seen)
    return np.asarray((covered < FOUND_SHARE * areas)[labels] & defect)


def _false(seen: NDArray[np.bool_], defect: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what is seen, region by region, where there is no defect at all."""
    labels, _, covered = _regions(seen, defect)
    return np.asarray((covered == 0)[labels] & seen)


def _regions(
    mask: NDArray[np.bool_], other: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return the labels (h, w) of the mask's regions, and of each its area and what it shares with the other mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    shared = np.bincount(labels[other], minlength=count)
    return np.asarray(labels, np.int32), stats[:, cv2.CC_STAT_AREA].astype(np.int64), shared
