import json

import numpy as np
import pytest

from layerwatch.errors import SettingsError
from layerwatch.layers import Stage
from simulator.build import plan_build
from simulator.kinds import KIND_INDEX, Kind
from simulator.planned import parse_defects
from simulator.render import render_layer
from tests.unit.simulator.conftest import Simulate


def test_a_planned_streak_lies_at_one_place_in_its_layers_and_in_no_other() -> None:
    build = plan_build(seed=3, size=256, defect_rate=0, planned=parse_defects(["streak@2-4"]))

    streaks = [
        render_layer(build, layer, stage).kinds == KIND_INDEX[Kind.STREAK] for layer in range(1, 6) for stage in Stage
    ]

    there = [bool(streak.any()) for streak in streaks]
    assert there == [False] * 2 + [True] * 6 + [False] * 2
    always = np.logical_and.reduce(streaks[2:8:2])
    assert always.sum() > 0.6 * max(streak.sum() for streak in streaks)


def test_two_defects_of_one_spelling_lie_at_different_places() -> None:
    planned = parse_defects(["debris@1:recoat", "debris@1:recoat"])

    one, two = (
        render_layer(plan_build(seed=3, size=256, defect_rate=0, planned=(each,)), 1, Stage.RECOAT).truth > 0
        for each in planned
    )

    assert one.any()
    assert two.any()
    assert not (one & two).any()


@pytest.mark.parametrize("text", ["streak", "scratch@3", "streak@0", "streak@5-4", "streak@3:lift", "streak@3-"])
def test_a_wrong_spelling_is_refused_with_the_right_one(text: str) -> None:
    with pytest.raises(SettingsError, match="--defect"):
        parse_defects([text])


def test_the_truth_says_what_was_asked_for(simulate: Simulate) -> None:
    out = simulate("--defect", "super-elevation@2:recoat", "--defect-rate", "0")

    truth = json.loads((out.with_name("out-truth") / "truth.json").read_text())

    assert truth["options"]["defects"] == ["super-elevation@2:recoat"]
    assert {name for name, entry in truth["layer_sets"].items() if entry["regions"]} == {"000002_recoat"}
