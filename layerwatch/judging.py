"""From regions to a decision: the one rule that the worker serves by and the trainer measures by."""

from collections.abc import Mapping, Sequence

from layerwatch.bundle import AreaLimits
from layerwatch.errors import SettingsError
from layerwatch.verdict import Decision, Region

IN_MM2 = ("review_mm2", "reject_mm2")


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


def limits_with(limits: AreaLimits, changes: Mapping[str, float]) -> AreaLimits:
    """Return the limits of a bundle with those of a person in their place.

    Whoever gives limits in pixels alone means pixels: those in mm² of the bundle no longer count then.

    Args:
        limits: of the bundle's operating point.
        changes: fields of AreaLimits and their values; none leaves the bundle's limits as they are.

    Raises:
        SettingsError: a layer could reach a limit without the milder one, or no region could ever reach it.
    """
    if not changes:
        return limits
    px_alone = {"review_px", "reject_px"} & changes.keys() and not changes.keys() & set(IN_MM2)
    changed = limits.model_copy(update=(dict.fromkeys(IN_MM2) if px_alone else {}) | dict(changes))
    _check(changed, changes)
    return changed


def _check(limits: AreaLimits, changes: Mapping[str, float]) -> None:
    review, reject = limits.review_mm2, limits.reject_mm2
    if (review is None) != (reject is None):
        raise SettingsError("WORKER_REVIEW_MM2 and WORKER_REJECT_MM2 go together: set both, or limits in px alone")
    if limits.review_px > limits.reject_px:
        raise SettingsError(_swapped(limits, changes, "px"))
    if review is not None and reject is not None and review > reject:
        raise SettingsError(_swapped(limits, changes, "mm2"))
    if limits.min_region_px > limits.review_px:
        raise SettingsError(
            f"WORKER_MIN_REGION_PX is {_value(limits, changes, 'min_region_px')}: a region on the review limit of "
            f"{_value(limits, changes, 'review_px')} px would be dropped as noise; lower it or raise WORKER_REVIEW_PX"
        )


def _swapped(limits: AreaLimits, changes: Mapping[str, float], unit: str) -> str:
    review, reject = (_value(limits, changes, f"{name}_{unit}") for name in ("review", "reject"))
    names = f"WORKER_REVIEW_{unit}, WORKER_REJECT_{unit}".upper()
    return f"a layer would be rejected before it is reviewed: review is {review}, reject {reject}; correct {names}"


def _value(limits: AreaLimits, changes: Mapping[str, float], name: str) -> str:
    """Return a limit, and whose it is where a person did not set it."""
    return f"{getattr(limits, name):g}{'' if name in changes else ' (of the bundle)'}"
