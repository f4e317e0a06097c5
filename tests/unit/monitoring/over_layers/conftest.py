"""A builder of verdicts whose regions lie where a test wants them."""

from collections.abc import Callable, Iterable

import pytest

from layerwatch.events import Event, EventKind
from layerwatch.layers import Stage
from layerwatch.verdict import Decision, ImageFacts, Region, Verdict
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.watch import BuildWatch

VerdictMaker = Callable[..., Verdict]
Box = tuple[int, int, int, int]

STREAK: Box = (100, 400, 800, 10)


@pytest.fixture(scope="session")
def layer_with(some_verdict: VerdictMaker) -> VerdictMaker:
    """A builder: `layer_with(7, STREAK, (30, 40, 12, 12), stage=Stage.RECOAT)`; each box is full of defect."""

    def build(
        layer: int,
        *boxes: Box,
        decision: Decision | None = None,
        mm_per_px: float | None = None,
        side: int = 1000,
        truncated: bool = False,
        saturated: float | None = 0.4,
        sharpness: float | None = None,
        **about: object,
    ) -> Verdict:
        chosen = decision or (Decision.REVIEW if boxes else Decision.PASS)
        verdict = some_verdict(layer=layer, decision=chosen, **about)
        image = verdict.images[0].model_copy(
            update={"width": side, "height": side, "saturated_ratio": saturated, "sharpness": sharpness}
        )
        return verdict.model_copy(
            update={
                "regions": tuple(_region(box, mm_per_px) for box in boxes),
                "regions_truncated": truncated,
                "images": (ImageFacts.model_validate(image.model_dump()),),
            }
        )

    return build


def _region(box: Box, mm_per_px: float | None) -> Region:
    area = box[2] * box[3]
    area_mm2 = None if mm_per_px is None else area * mm_per_px**2
    return Region(bbox=box, area_px=area, area_mm2=area_mm2, max_confidence=0.9, mean_confidence=0.7)


def told(verdicts: Iterable[Verdict], limits: RiskLimits | None = None) -> list[Event]:
    """What a new watch tells about verdicts in this order."""
    watch = BuildWatch(limits or RiskLimits())
    return [event for verdict in verdicts for event in watch.see(verdict)]


def kinds(events: Iterable[Event]) -> list[tuple[EventKind, int]]:
    return [(event.kind, event.layer) for event in events]


__all__ = ["STREAK", "Box", "Stage", "VerdictMaker", "kinds", "told"]
