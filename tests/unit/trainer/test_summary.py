import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.verdict import Decision
from trainer.evaluation import Evaluation, LayerResult
from trainer.metrics import PixelCounts
from trainer.overlap import compare, true_regions
from trainer.summary import REGENERATED, TRUTH, agreement, as_text, rows, share, summarise

EMPTY = np.zeros((40, 40), np.uint8)


def square(top: int, side: int, value: int = 1) -> NDArray[np.uint8]:
    picture = EMPTY.copy()
    picture[top : top + side, 5 : 5 + side] = value
    return picture


NAMES = {1: "pit", 2: "streak"}


def result(
    mask: NDArray[np.uint8],
    kinds: NDArray[np.uint8],
    decision: Decision = Decision.PASS,
    *,
    stage: str = "melt",
    lights: int = 3,
) -> LayerResult:
    overlap = compare(mask, true_regions(kinds))
    levels = PixelCounts()
    levels.add((mask > 0).astype(np.uint8) * 255, kinds > 0)
    hit = int(np.count_nonzero((mask > 0) & (kinds > 0)))
    return LayerResult(
        name="b/000001_melt",
        source=0,
        stage=stage,
        lights=lights,
        decision=decision,
        kind_names=tuple(NAMES[int(kind)] for kind in overlap.true_kinds),
        overlap=overlap,
        hit=hit,
        false=int(np.count_nonzero(mask)) - hit,
        missed=int(np.count_nonzero(kinds)) - hit,
        kind_pixels={
            name: (int(np.count_nonzero((mask > 0) & (kinds == kind))), int(np.count_nonzero(kinds == kind)))
            for kind, name in NAMES.items()
            if (kinds == kind).any()
        },
        levels=levels,
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
    kinds = {kind: (one.regions_found.count, one.regions_found.of) for kind, one in figures.kinds.items()}
    assert kinds == {"pit": (1, 1), "streak": (0, 1)}
    assert {kind: one.pixel_recall.value for kind, one in figures.kinds.items()} == {"pit": 1, "streak": 0}
    assert {stage: one.regions.recall.value for stage, one in figures.stages.items()} == {"melt": 1, "recoat": 0}
    assert {stage: one.layer_sets for stage, one in figures.stages.items()} == {"melt": 2, "recoat": 1}


def test_one_light_and_three_lights_have_their_own_figures() -> None:
    seen, missed = result(square(5, 10), square(5, 10)), result(EMPTY, square(5, 10), lights=1)

    figures = summarise(evaluation(seen, missed), counted_px=50)

    assert {count: one.pixels.recall.value for count, one in figures.lights.items()} == {1: 0, 3: 1}
    assert "one light, 1 layer sets" in " ".join(name for name, _ in rows(figures)).replace("[bold]", "").replace(
        "[/bold]", ""
    )


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

    pixels = figures.all.pixels
    assert [one.value for one in (pixels.precision, pixels.recall, pixels.f1)] == pytest.approx([0.5, 0.5, 0.5])
    assert pixels.iou is not None
    assert pixels.iou.value == pytest.approx(50 / 150)
    assert pixels.average_precision is not None
    assert pixels.average_precision.value == pytest.approx(0.5 * 0.5 + 0.5 * 100 / 1600)


def test_regions_and_layer_sets_have_a_precision_too() -> None:
    right = result(square(5, 10), square(5, 10), Decision.REJECT)
    false = result(square(5, 10), EMPTY, Decision.REVIEW)

    figures = summarise(evaluation(right, false, result(EMPTY, EMPTY)), counted_px=50)

    assert (figures.all.regions.precision.value, figures.all.regions.recall.value) == (0.5, 1)
    assert (figures.all.layers.precision.value, figures.all.layers.recall.value) == (0.5, 1)
    assert figures.all.layers.f1.value == pytest.approx(2 / 3)


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
