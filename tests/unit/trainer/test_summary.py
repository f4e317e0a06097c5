import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.verdict import Decision
from trainer.evaluation import Evaluation, LayerResult
from trainer.overlap import compare, true_regions
from trainer.summary import REGENERATED, TRUTH, agreement, as_text, rows, share, summarise

EMPTY = np.zeros((40, 40), np.uint8)


def square(top: int, side: int, value: int = 1) -> NDArray[np.uint8]:
    picture = EMPTY.copy()
    picture[top : top + side, 5 : 5 + side] = value
    return picture


def result(
    mask: NDArray[np.uint8], kinds: NDArray[np.uint8], decision: Decision = Decision.PASS, *, stage: str = "melt"
) -> LayerResult:
    overlap = compare(mask, true_regions(kinds))
    hit = int(np.count_nonzero((mask > 0) & (kinds > 0)))
    return LayerResult(
        name="b/000001_melt",
        source=0,
        stage=stage,
        decision=decision,
        kind_names=tuple({1: "pit", 2: "streak"}[int(kind)] for kind in overlap.true_kinds),
        overlap=overlap,
        hit=hit,
        false=int(np.count_nonzero(mask)) - hit,
        missed=int(np.count_nonzero(kinds)) - hit,
    )


def evaluation(*results: LayerResult, regenerated: bool = False) -> Evaluation:
    return Evaluation(results=list(results), regenerated=regenerated)


def test_regions_are_counted_by_kind_and_stage() -> None:
    figures = summarise(
        evaluation(
            result(square(5, 10), square(5, 10)),
            result(EMPTY, square(5, 10, value=2), stage="recoat"),
            result(EMPTY, square(5, 3, value=2)),
        ),
        counted_px=50,
    )

    assert (figures.regions_found.count, figures.regions_found.of) == (1, 2)
    assert {kind: (one.count, one.of) for kind, one in figures.by_kind.items()} == {"pit": (1, 1), "streak": (0, 1)}
    assert {stage: (one.count, one.of) for stage, one in figures.by_stage.items()} == {"melt": (1, 1), "recoat": (0, 1)}


def test_clean_and_defective_sets_are_flagged_apart() -> None:
    figures = summarise(
        evaluation(
            result(EMPTY, EMPTY),
            result(square(5, 9), EMPTY, Decision.REVIEW),
            result(square(5, 9), square(5, 9), Decision.REJECT),
        ),
        counted_px=50,
    )

    assert (figures.clean_flagged.count, figures.clean_flagged.of) == (1, 2)
    assert (figures.defective_flagged.count, figures.defective_flagged.of) == (1, 1)
    assert figures.false_regions_per_set == pytest.approx(1 / 3)
    assert figures.decisions == {"pass": 1, "reject": 1, "review": 1}


def test_pixel_figures_are_those_of_the_served_mask() -> None:
    figures = summarise(evaluation(result(square(5, 10), square(10, 10))), counted_px=1)

    assert figures.pixel_precision == figures.pixel_recall == pytest.approx(0.5)
    assert figures.pixel_f1 == pytest.approx(0.5)
    assert figures.pixel_iou == pytest.approx(50 / 150)


def test_agreement_counts_the_sets_with_the_same_decision() -> None:
    one = evaluation(result(EMPTY, EMPTY), result(EMPTY, EMPTY, Decision.REVIEW))
    other = evaluation(result(EMPTY, EMPTY), result(EMPTY, EMPTY, Decision.REJECT))

    agreed = agreement([one, other])

    assert agreed is not None
    assert (agreed.count, agreed.of) == (1, 2)
    assert agreement([one]) is None


def test_an_interval_is_wilsons() -> None:
    value = share(90, 100)

    assert (value.low, value.high) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert share(0, 0).of == 0
    assert as_text(share(0, 0)) == "none to count"


def test_figures_against_regenerated_masks_are_never_called_found() -> None:
    regenerated = summarise(evaluation(result(EMPTY, square(5, 10)), regenerated=True), counted_px=50)
    true = summarise(evaluation(result(EMPTY, square(5, 10))), counted_px=50)

    assert regenerated.against == REGENERATED
    assert "agree with regenerated masks" in rows(regenerated)[0][0]
    assert true.against == TRUTH
    assert "found" in rows(true)[0][0]
