"""Truth: where a defect is and can be seen, and what it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simulator.kinds import KIND_INDEX, Kind
from simulator.noise import Field
from simulator.site import Footprint

MIN_REGION_PX = 12
FAINTEST = 0.55  # of the texture's standard deviation: the border of what counts
VISIBLE = 1.0  # the mean that a whole region needs
LEAST_STEP = 0.014  # of the picture's range of grey: what an eye can tell apart
NEIGHBOURHOOD_PX = 2.2
GAP_PX = {Kind.INCOMPLETE_SPREADING: 31}  # holes in the visible part up to this size are filled, 9 for the others


def visibility(clean: Field, marked: Field, noise: float) -> Field:
    """Return how far a defect stands out of the texture in one light, in standard deviations, (H, W) float32.

    Args:
        clean: levels without defects, as shares of full scale.
        marked: levels with defects.
        noise: standard deviation of the sensor's noise.
    """
    clean, marked = np.minimum(clean, 1), np.minimum(marked, 1)
    change = np.abs(cv2.GaussianBlur(marked - clean, (0, 0), 0.8))
    texture = clean - cv2.blur(clean, (9, 9))
    sample = clean[::9, ::9]
    low, high = np.quantile(sample[sample < 1], (0.01, 0.99)) if (sample < 1).any() else (0.0, 1.0)
    floor = noise**2 + (LEAST_STEP * float(high - low)) ** 2
    spread = cv2.sqrt(cv2.blur(texture * texture, (31, 31)) + np.float32(floor))
    return np.asarray(change / spread, np.float32)


def visible_kinds(footprints: Sequence[tuple[Kind, Footprint]], seen: Field) -> NDArray[np.uint8]:
    """Return the index of the kind of defect that can be seen at each pixel, 0 for none, (H, W) uint8."""
    kinds = np.zeros(seen.shape, np.uint8)
    for kind, footprint in footprints:
        kinds[_visible_part(footprint, seen, GAP_PX.get(kind, 9))] = KIND_INDEX[kind]
    return _without_crumbs(kinds)


def _visible_part(footprint: Footprint, seen: Field, gap_px: int) -> NDArray[np.bool_]:
    """Keep the blobs that stand out, and of these what is not lost in the texture."""
    inside = footprint.astype(np.float32)
    around = cv2.GaussianBlur(inside, (0, 0), NEIGHBOURHOOD_PX)
    local = cv2.GaussianBlur(seen * inside, (0, 0), NEIGHBOURHOOD_PX) / np.maximum(around, 1e-3)
    candidates = (footprint & (local > FAINTEST)).astype(np.uint8)
    candidates = cv2.morphologyEx(candidates, cv2.MORPH_CLOSE, np.ones((gap_px, gap_px), np.uint8))
    candidates &= footprint.astype(np.uint8)
    return _keep(candidates, local, VISIBLE)


def _keep(candidates: NDArray[np.uint8], local: Field, least: float) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    sums = np.bincount(labels.ravel(), weights=local.ravel(), minlength=count)
    kept = (areas >= MIN_REGION_PX) & (sums / np.maximum(areas, 1) >= least)
    kept[0] = False
    return np.asarray(kept[labels], np.bool_)


def _without_crumbs(kinds: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Drop regions of less than MIN_REGION_PX, which are left where one defect covers another."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((kinds > 0).astype(np.uint8), connectivity=8)
    small = stats[:count, cv2.CC_STAT_AREA] < MIN_REGION_PX
    kinds[small[labels]] = 0
    return kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRegion:
    """One connected defect; bbox is x, y, width, height in px."""

    kind: Kind
    bbox: tuple[int, int, int, int]
    area_px: int


def regions(kinds: NDArray[np.uint8]) -> list[TruthRegion]:
    """Return every connected region of each kind."""
    return [region for kind, index in KIND_INDEX.items() for region in _regions_of(kind, kinds == index)]


def _regions_of(kind: Kind, mask: Footprint) -> list[TruthRegion]:
    if not mask.any():
        return []
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:]
    return [
        TruthRegion(kind=kind, bbox=(int(x), int(y), int(width), int(height)), area_px=int(area))
        for x, y, width, height, area in stats
    ]
