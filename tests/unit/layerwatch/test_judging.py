import re

import pytest

from layerwatch.bundle import AreaLimits
from layerwatch.errors import SettingsError
from layerwatch.judging import judge, limits_with
from layerwatch.verdict import Decision, Region

LIMITS = AreaLimits(min_region_px=10, review_px=50, reject_px=500)
LIMITS_MM2 = AreaLimits(min_region_px=10, review_px=50, reject_px=500, review_mm2=0.5, reject_mm2=2.0)


def a_region(area_px: int = 100, *, area_mm2: float | None = None) -> Region:
    return Region(bbox=(0, 0, 5, 5), area_px=area_px, area_mm2=area_mm2, max_confidence=0.9, mean_confidence=0.8)


def test_a_layer_without_regions_passes() -> None:
    assert judge([], LIMITS) == (Decision.PASS, ())


def test_a_region_just_below_the_review_limit_passes() -> None:
    assert judge([a_region(49)], LIMITS) == (Decision.PASS, ())


def test_a_region_on_the_review_limit_asks_for_review_and_says_why() -> None:
    decision, reasons = judge([a_region(50)], LIMITS)

    assert decision is Decision.REVIEW
    assert reasons == ("a region of 50 px reaches the review limit of 50 px",)


def test_a_region_on_the_reject_limit_rejects_the_layer() -> None:
    decision, reasons = judge([a_region(500)], LIMITS)

    assert decision is Decision.REJECT
    assert reasons == ("a region of 500 px reaches the reject limit of 500 px",)


def test_the_largest_region_decides_whatever_the_order() -> None:
    regions = [a_region(60), a_region(900), a_region(70)]

    assert judge(regions, LIMITS)[0] is Decision.REJECT
    assert judge(regions[::-1], LIMITS)[0] is Decision.REJECT


def test_several_regions_are_counted_in_the_reason() -> None:
    _, reasons = judge([a_region(60), a_region(80), a_region(20)], LIMITS)

    assert reasons == ("2 regions, the largest 80 px, reach the review limit of 50 px",)


def test_many_small_regions_pass_because_none_reaches_the_limit() -> None:
    assert judge([a_region(49)] * 100, LIMITS)[0] is Decision.PASS


def test_mm2_count_where_region_and_limit_have_them() -> None:
    decision, reasons = judge([a_region(9000, area_mm2=0.5)], LIMITS_MM2)

    assert decision is Decision.REVIEW
    assert reasons == ("a region of 0.5 mm² reaches the review limit of 0.5 mm²",)


def test_pixels_count_where_the_size_of_a_pixel_is_not_known() -> None:
    assert judge([a_region(9000)], LIMITS_MM2)[0] is Decision.REJECT


def test_pixels_count_where_no_limit_in_mm2_is_set() -> None:
    assert judge([a_region(9000, area_mm2=0.001)], LIMITS)[0] is Decision.REJECT


def test_noise_below_the_smallest_region_never_counts() -> None:
    limits = AreaLimits(min_region_px=100, review_px=50, reject_px=60)

    assert judge([a_region(99)], limits)[0] is Decision.PASS


def test_without_settings_the_limits_are_those_of_the_bundle() -> None:
    assert limits_with(LIMITS_MM2, {}) is LIMITS_MM2


def test_a_limit_that_is_set_decides_and_stands_in_the_reason() -> None:
    decision, reasons = judge([a_region(60)], limits_with(LIMITS, {"reject_px": 60}))

    assert decision is Decision.REJECT
    assert reasons == ("a region of 60 px reaches the reject limit of 60 px",)


def test_limits_set_in_pixels_alone_count_where_the_bundle_has_mm2() -> None:
    limits = limits_with(LIMITS_MM2, {"review_px": 200})

    assert judge([a_region(199, area_mm2=9.0)], limits)[0] is Decision.PASS
    assert judge([a_region(200, area_mm2=0.1)], limits)[0] is Decision.REVIEW


def test_limits_set_in_mm2_leave_the_pixels_for_pictures_without_a_scale() -> None:
    limits = limits_with(LIMITS, {"review_mm2": 1.0, "reject_mm2": 4.0})

    assert judge([a_region(500, area_mm2=0.9)], limits)[0] is Decision.PASS
    assert judge([a_region(500)], limits)[0] is Decision.REJECT


def test_a_smallest_region_that_is_set_keeps_everything_else() -> None:
    assert limits_with(LIMITS_MM2, {"min_region_px": 20}) == LIMITS_MM2.model_copy(update={"min_region_px": 20})


@pytest.mark.parametrize(
    ("limits", "changes", "problem"),
    [
        (LIMITS, {"review_px": 600}, "review is 600, reject 500 (of the bundle); correct WORKER_REVIEW_PX"),
        (LIMITS_MM2, {"reject_mm2": 0.1}, "review is 0.5 (of the bundle), reject 0.1; correct WORKER_REVIEW_MM2"),
        (LIMITS, {"reject_mm2": 2.0}, "WORKER_REVIEW_MM2 and WORKER_REJECT_MM2 go together"),
        (LIMITS, {"min_region_px": 51}, "a region on the review limit of 50 (of the bundle) px would be dropped"),
    ],
    ids=["px", "mm2", "one mm2", "noise"],
)
def test_limits_that_do_not_fit_together_are_refused(
    limits: AreaLimits, changes: dict[str, float], problem: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(problem)):
        limits_with(limits, changes)
