"""The gate as a pure question: which figures pass, which do not, and what is said of them."""

from trainer.bootstrap import NOTHING
from trainer.promotion import Limits, compare_bundles, compare_precisions
from trainer.scores import Scores, Slice
from trainer.summary import REGENERATED, TRUTH, Figures, Report, share

LIMITS = Limits()


def some_figures(
    *, found: int = 950, of: int = 1000, flagged: int = 2, clean: int = 100, against: str = TRUTH
) -> Figures:
    scores = Scores(precision=NOTHING, recall=NOTHING, f1=NOTHING)
    return Figures(
        against=against,
        layer_sets=200,
        counted_px=50,
        regions_found=share(found, of),
        false_regions_per_set=0.0,
        clean_flagged=share(flagged, clean),
        defective_flagged=share(100, 100),
        decisions={},
        all=Slice(layer_sets=200, pixels=scores, regions=scores, layers=scores),
        kinds={},
        stages={},
        lights={},
    )


def report(float32: Figures, int8: Figures, *, alike: int = 200, bundle: str = "m/2") -> Report:
    return Report(bundle=bundle, precisions={"float32": float32, "int8": int8}, agreement=share(alike, 200))


def test_int8_that_finds_half_a_point_less_passes() -> None:
    checks = list(compare_precisions(report(some_figures(found=950), some_figures(found=945)), LIMITS))

    assert [check.passed for check in checks] == [True, True]
    assert checks[0].said == (
        "regions found: int8 94.5% (945 of 1000), float32 95.0% (950 of 1000); 0.5 points less is allowed"
    )


def test_int8_that_finds_more_than_half_a_point_less_is_refused() -> None:
    (recall, _) = compare_precisions(report(some_figures(found=950), some_figures(found=944)), LIMITS)

    assert not recall.passed


def test_int8_that_finds_more_passes() -> None:
    (recall, _) = compare_precisions(report(some_figures(found=900), some_figures(found=990)), LIMITS)

    assert recall.passed


def test_precisions_that_decide_differently_on_more_than_one_set_in_a_hundred_are_refused() -> None:
    (_, at_the_limit) = compare_precisions(report(some_figures(), some_figures(), alike=198), LIMITS)
    (_, beyond) = compare_precisions(report(some_figures(), some_figures(), alike=197), LIMITS)

    assert at_the_limit.passed
    assert not beyond.passed
    assert "197 of 200" in beyond.said
    assert "99.0%" in beyond.said


def test_a_regression_set_without_defects_passes_nobody() -> None:
    nothing = some_figures(found=0, of=0)

    (recall, _) = compare_precisions(report(nothing, nothing), LIMITS)

    assert not recall.passed
    assert "no defect" in recall.said


def test_masks_by_thresholding_are_no_truth_to_be_promoted_on() -> None:
    made = some_figures(against=REGENERATED)

    (check,) = compare_precisions(report(made, made), LIMITS)

    assert not check.passed
    assert "no recall" in check.said


def test_a_bundle_without_one_precision_is_refused() -> None:
    (check,) = compare_precisions(Report(bundle="m/2", precisions={"int8": some_figures()}), LIMITS)

    assert not check.passed
    assert "no float32" in check.said


def test_a_bundle_as_good_as_the_one_in_service_passes() -> None:
    current = report(some_figures(), some_figures(), bundle="m/1")
    new = report(some_figures(found=946, flagged=3), some_figures(found=945, flagged=3))

    assert all(check.passed for check in compare_bundles(new, current, LIMITS))


def test_a_bundle_that_finds_less_or_flags_more_than_the_one_in_service_is_refused_with_both_figures() -> None:
    current = report(some_figures(), some_figures(), bundle="m/1")
    new = report(some_figures(), some_figures(found=944, flagged=4))

    failed = [check for check in compare_bundles(new, current, LIMITS) if not check.passed]

    assert [check.name for check in failed] == ["int8 against the one in service", "int8 false alarms"]
    assert (
        failed[0].said == "regions found: m/2 94.4% (944 of 1000), m/1 95.0% (950 of 1000); 0.5 points less is allowed"
    )
    assert (
        failed[1].said == "clean layer sets flagged: m/2 4.0% (4 of 100), m/1 2.0% (2 of 100); 1 points more is allowed"
    )


def test_without_clean_sets_there_are_no_false_alarms_to_compare() -> None:
    some = some_figures(flagged=0, clean=0)

    checks = list(compare_bundles(report(some, some), report(some, some, bundle="m/1"), LIMITS))

    assert all(check.passed for check in checks)
    assert any("no clean layer set" in check.said for check in checks)
