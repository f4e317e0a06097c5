"""From regions to a decision: the one rule that the worker serves by and the trainer measures by."""

from collections.abc import Sequence

from layerwatch.bundle import AreaLimits
from layerwatch.verdict import Decision, Region


def judge(regions: Sequence[Region], limits: AreaLimits) -> tuple[Decision, tuple[str, ...]]:
    """Return what the regions of one layer set mean, and why in words.

    The largest region decides; one that lies on a limit has reached it. An area counts in mm² where the region has
    one and the limit is set, in pixels otherwise. Regions below `limits.min_region_px` are noise.

    Args:
        regions: of one layer set, in any order.
        limits: of the operating point.

    Returns: pass without reasons, or review or reject with one sentence.
    """
    counted = [region for region in regions if region.area_px >= limits.min_region_px]
    for decision, limit_px, limit_mm2 in (
        (Decision.REJECT, limits.reject_px, limits.reject_mm2),
        (Decision.REVIEW, limits.review_px, limits.review_mm2),
    ):
        reached = [region for region in counted if _reaches(region, limit_px, limit_mm2)]
        if reached:
            return decision, (_reason(decision, reached, limit_px, limit_mm2),)
    return Decision.PASS, ()


def _reaches(region: Region, limit_px: int, limit_mm2: float | None) -> bool:
    if region.area_mm2 is not None and limit_mm2 is not None:
        return region.area_mm2 >= limit_mm2
    return region.area_px >= limit_px


def _reason(decision: Decision, reached: Sequence[Region], limit_px: int, limit_mm2: float | None) -> str:
    largest = max(reached, key=lambda region: region.area_px)
    if largest.area_mm2 is not None and limit_mm2 is not None:
        area, limit = f"{largest.area_mm2:.3g} mm²", f"{limit_mm2:.3g} mm²"
    else:
        area, limit = f"{largest.area_px} px", f"{limit_px} px"
    who = f"a region of {area} reaches" if len(reached) == 1 else f"{len(reached)} regions, the largest {area}, reach"
    return f"{who} the {decision} limit of {limit}"
