"""What is kept of one verdict: where its regions lie, and what shows them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from layerwatch.events import LayerSeen
from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Region, Verdict

MOST_REGIONS = 64  # of a layer, the largest: bounds memory and time whatever a verdict holds

Boxes = NDArray[np.float64]  # (n, 4) x, y, width, height in px


@dataclass(frozen=True, kw_only=True, eq=False)
class Finds:
    """One layer in one stage.

    Attributes:
        reason: the first of the verdict, empty without one.
        size: width and height of the pictures in px, None where no picture could be read.
        boxes: (n, 4) float64 x, y, width, height of the largest regions in px.
        areas_px: (n,) int64 of the same regions.
        complete: all regions of the layer are listed: what is not there was not seen.
        mm_per_px: side of a pixel, None where it is unknown or there is no region.
    """

    layer: int
    stage: Stage
    id: str
    revision: int
    decision: Decision
    reason: str
    size: tuple[int, int] | None
    boxes: Boxes
    areas_px: NDArray[np.int64]
    complete: bool
    mm_per_px: float | None
    overlay: str | None

    @property
    def judged(self) -> bool:
        return self.decision is not Decision.INVALID

    @cached_property
    def area_px(self) -> int:
        """The area of all regions that are kept."""
        return int(self.areas_px.sum())

    def seen(self, area_px: int, *, mm_per_px: float | None = None) -> LayerSeen:
        """Return this layer as evidence for an area in it."""
        scale = self.mm_per_px or mm_per_px
        return LayerSeen(
            layer=self.layer,
            id=self.id,
            decision=self.decision,
            area_px=area_px,
            area_mm2=None if scale is None else area_px * scale**2,
            overlay=self.overlay,
        )


def finds_of(verdict: Verdict) -> Finds:
    """Return what of a verdict is kept."""
    largest = sorted(verdict.regions, key=lambda region: -region.area_px)[:MOST_REGIONS]
    return Finds(
        layer=verdict.layer,
        stage=verdict.stage,
        id=verdict.id,
        revision=verdict.revision,
        decision=verdict.decision,
        reason=verdict.reasons[0][:200] if verdict.reasons else "",
        size=_size(verdict),
        boxes=np.array([region.bbox for region in largest], np.float64).reshape(-1, 4),
        areas_px=np.array([region.area_px for region in largest], np.int64),
        complete=not verdict.regions_truncated and len(largest) == len(verdict.regions),
        mm_per_px=_scale(largest[0]) if largest else None,
        overlay=verdict.artifacts.overlay,
    )


def _size(verdict: Verdict) -> tuple[int, int] | None:
    sizes = ((image.width, image.height) for image in verdict.images)
    return next(((width, height) for width, height in sizes if width and height), None)


def _scale(region: Region) -> float | None:
    return None if region.area_mm2 is None else float((region.area_mm2 / region.area_px) ** 0.5) or None
