"""Figures of a build, against a second source where there is one."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwatch.layers import Stage
from layerwatch.report import Gap
from layerwatch.verdict import Decision, Verdict
from monitoring.report.counting import BuildCount, quantile
from monitoring.report.gathering import reported

VerdictMaker = Callable[..., Verdict]


def counted(*verdicts: Verdict) -> BuildCount:
    count = BuildCount()
    for verdict in verdicts:
        count.add(reported(verdict))
    return count


def test_numbers_between_layers_of_a_stage_are_missing(some_verdict: VerdictMaker) -> None:
    melted = [some_verdict(layer=layer) for layer in (2, 3, 7, 9)]
    spread = [some_verdict(layer=layer, stage=Stage.RECOAT) for layer in (1, 2)]

    count = counted(*spread, *melted)

    assert count.gaps == (Gap(stage=Stage.MELT, first=4, last=6), Gap(stage=Stage.MELT, first=8, last=8))


def test_each_stage_is_counted_for_itself_and_both_together(some_verdict: VerdictMaker) -> None:
    count = counted(
        some_verdict(layer=1, stage=Stage.RECOAT),
        some_verdict(layer=1, decision=Decision.REJECT, areas_px=(300, 100)),
        some_verdict(layer=2, decision=Decision.REVIEW, areas_px=(50,)),
    )

    recoat, melt = count.stages
    assert (recoat.stage, recoat.decisions[Decision.PASS], recoat.defect_area_mm2) == (Stage.RECOAT, 1, 0.0)
    assert (melt.decisions[Decision.REJECT], melt.decisions[Decision.REVIEW], melt.defect_area_mm2) == (1, 1, 4.5)
    assert dict(count.decisions) == {"pass": 1, "review": 1, "reject": 1, "invalid": 0}


def test_an_area_without_a_size_of_the_pixel_leaves_the_sum_unknown(some_verdict: VerdictMaker) -> None:
    count = counted(some_verdict(layer=1, areas_px=(5,)), some_verdict(layer=2, areas_px=(5,), mm2=False))

    assert count.stages[0].defect_area_mm2 is None


def test_models_are_counted_by_the_layers_that_they_have_the_last_word_on(some_verdict: VerdictMaker) -> None:
    first, second = some_verdict(layer=1), some_verdict(layer=2)
    same = second.model_copy(update={"model": first.model})

    count = counted(first, same, some_verdict(layer=3))

    assert [use.layers for use in count.models] == [2, 1]
    assert count.models[0].model == first.model


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from((0.0, 0.5, 0.95, 1.0)))
def test_a_quantile_is_that_of_numpy(values: list[float], share: float) -> None:
    assert quantile(sorted(values), share) == pytest.approx(np.quantile(values, share, method="inverted_cdf"))
