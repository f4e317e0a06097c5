"""A verdict in words, for who cannot see the overlay."""

from collections.abc import Callable

import pytest

from layerwatch.verdict import Decision, Verdict
from monitoring.web.summary import located, percent_text, summary_text

VerdictMaker = Callable[..., Verdict]


def test_a_layer_without_defects_is_said_to_pass(some_verdict: VerdictMaker) -> None:
    assert summary_text(some_verdict()) == "Pass. No defect found. Highest confidence 0.10."


def test_one_region_is_said_with_its_area_place_and_confidence(some_verdict: VerdictMaker) -> None:
    verdict = some_verdict(decision=Decision.REJECT, areas_px=(900,), reasons=("a region reaches 400 px",))

    assert summary_text(verdict) == (
        "Reject. A region reaches 400 px. 1 defect region, 9.00 mm², 0.09 % of the picture. "
        "It is 9.00 mm², 30 by 31 pixels, in the upper left, confidence 0.90. Highest confidence 0.90."
    )


def test_of_many_regions_the_largest_are_named_first(some_verdict: VerdictMaker) -> None:
    areas = (40, 900, 50, 60, 70, 80, 90)
    text = summary_text(some_verdict(decision=Decision.REVIEW, areas_px=areas, mm2=False))

    assert "7 defect regions, 1,290 px, 0.13 % of the picture." in text
    assert "The largest are: 1: 900 px, 30 by 31 pixels" in text
    assert "5: 60 px" in text
    assert "50 px," not in text


def test_a_list_of_regions_that_was_cut_is_said_to_be_longer(some_verdict: VerdictMaker) -> None:
    verdict = some_verdict(decision=Decision.REJECT, areas_px=(900, 40))

    text = summary_text(verdict.model_copy(update={"regions_truncated": True}))

    assert "More than 2 defect regions," in text


def test_pictures_that_cannot_be_judged_are_said_to_be_so_with_the_reason(some_verdict: VerdictMaker) -> None:
    verdict = some_verdict(decision=Decision.INVALID, reasons=("missing light b",))

    assert summary_text(verdict) == "Invalid: the pictures cannot be judged. Missing light b."


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((0, 0, 10, 10), "in the upper left"),
        ((145, 145, 10, 10), "in the centre"),
        ((145, 290, 10, 10), "in the lower middle"),
        ((290, 145, 10, 10), "in the right middle"),
        ((290, 290, 900, 900), "in the lower right"),
    ],
)
def test_the_place_of_a_region_is_said_in_words(box: tuple[int, int, int, int], words: str) -> None:
    assert located(box, (300, 300)) == words
    assert located(box, None) == f"at x {box[0]}, y {box[1]}"


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(0.0, "0 %"), (1e-7, "less than 0.001 %"), (0.0009, "0.09 %"), (0.0456, "4.6 %"), (1.0, "100 %")],
)
def test_a_share_is_zero_percent_only_where_it_is(ratio: float, words: str) -> None:
    assert percent_text(ratio) == words
