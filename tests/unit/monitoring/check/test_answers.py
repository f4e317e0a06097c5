"""What a program is told of an inspection."""

from collections.abc import Callable

import pytest

from layerwatch.verdict import Decision, Verdict
from monitoring.web.check.answers import Inspection
from monitoring.web.check.waiting import Progress, State

VerdictMaker = Callable[..., Verdict]


def answer_about(verdict: Verdict) -> Inspection:
    return Inspection.of(Progress(id=verdict.id, state=State.DONE, verdict=verdict))


@pytest.mark.parametrize(
    ("decision", "told"),
    [(Decision.PASS, False), (Decision.REVIEW, True), (Decision.REJECT, True), (Decision.INVALID, None)],
)
def test_defective_is_what_somebody_has_to_look_at(
    some_verdict: VerdictMaker, decision: Decision, told: object
) -> None:
    assert answer_about(some_verdict(decision=decision)).is_defective is told


def test_regions_come_the_largest_first_with_links_and_words(some_verdict: VerdictMaker) -> None:
    verdict = some_verdict(printer="check", layer=1, decision=Decision.REJECT, areas_px=(40, 900, 70))

    answer = answer_about(verdict)

    assert [region.area_px for region in answer.regions] == [900, 70, 40]
    assert answer.bbox == tuple(region.bbox for region in answer.regions)
    assert answer.defect_area_percentage == 100 * verdict.defect_area_ratio
    assert answer.page == "/builds/check/job42?layer=1&stage=melt"
    assert answer.overlay is not None
    assert answer.overlay.startswith("/artifacts/check/job42/000001_melt/overlay.jpg?v=")
    assert answer.summary.startswith("Reject.")
    assert answer.verdict == verdict


def test_of_pictures_that_cannot_be_judged_no_figures_are_given(some_verdict: VerdictMaker) -> None:
    answer = answer_about(some_verdict(decision=Decision.INVALID, reasons=("the picture is black",)))

    assert (answer.max_confidence, answer.defect_area_percentage, answer.overlay) == (None, None, None)
    assert answer.reasons == ("the picture is black",)


@pytest.mark.parametrize("state", [state for state in State if state is not State.DONE])
def test_before_the_verdict_it_says_what_is_happening(state: State) -> None:
    answer = Inspection.of(Progress(id="m290_job42_000001_melt-0123456789ab", state=state))

    assert (answer.state, answer.decision, answer.verdict) == (state, None, None)
    assert answer.summary.endswith(".")
