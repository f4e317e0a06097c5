"""What the pages of builds show beside the API."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from layerwatch.layers import Stage
from layerwatch.verdict import Decision
from monitoring.history.answers import StripLayer
from monitoring.web.build.answers import BuildHead
from monitoring.web.build.views import build_view, chosen_layer, worst_layers

MOMENT = datetime(2026, 5, 4, tzinfo=UTC)


def strip_layer(layer: int, stage: Stage) -> StripLayer:
    return StripLayer(
        layer=layer,
        stage=stage,
        decision=Decision.PASS,
        inspection=f"m290_job42_{layer:06d}_{stage}-0123456789ab",
        revision=1,
        regions=0,
        defect_area_ratio=0.0,
        captured=MOMENT,
        published=MOMENT,
    )


STRIP = (
    strip_layer(1, Stage.RECOAT),
    strip_layer(1, Stage.MELT),
    strip_layer(2, Stage.RECOAT),
    strip_layer(2, Stage.MELT),
    strip_layer(3, Stage.RECOAT),
)


@pytest.mark.parametrize(
    ("layer", "stage", "expected"),
    [
        (None, None, (3, Stage.RECOAT)),
        (2, Stage.RECOAT, (2, Stage.RECOAT)),
        (2, None, (2, Stage.MELT)),
        (3, Stage.MELT, (3, Stage.RECOAT)),
        (99, Stage.MELT, (3, Stage.RECOAT)),
    ],
    ids=["the latest", "as asked", "the last stage", "the other stage", "no such layer"],
)
def test_a_layer_is_chosen(layer: int | None, stage: Stage | None, expected: tuple[int, Stage]) -> None:
    chosen = chosen_layer(STRIP, layer, stage)

    assert (chosen.layer, chosen.stage) == expected


def test_the_worst_layers_come_first_and_none_that_passes() -> None:
    found = [
        (Decision.REVIEW, 0.2),
        (Decision.PASS, 0.0),
        (Decision.REJECT, 0.1),
        (Decision.INVALID, 0.0),
        (Decision.REJECT, 0.3),
    ]
    strip = [
        replace(strip_layer(number, Stage.MELT), decision=decision, defect_area_ratio=ratio)
        for number, (decision, ratio) in enumerate(found)
    ]

    assert [layer.layer for layer in worst_layers(strip, limit=9)] == [4, 2, 0, 3]
    assert [layer.layer for layer in worst_layers(strip, limit=1)] == [4]


def head(**counts: int) -> BuildHead:
    decisions = {decision: counts.get(decision.value, 0) for decision in Decision}
    moments = {"first_captured": MOMENT, "last_captured": MOMENT, "last_published": MOMENT}
    return BuildHead(printer="m290", build="job42", decisions=decisions, **moments)


def test_decisions_share_a_bar_worst_first_and_without_gaps() -> None:
    view = build_view(head(**{"pass": 6, "review": 1, "reject": 3}))

    assert view.total == 10
    assert [(share.decision.value, share.start, share.width) for share in view.shares] == [
        ("reject", 0, 30),
        ("review", 30, 10),
        ("pass", 40, 60),
    ]


def test_a_decision_that_no_layer_has_is_not_shown() -> None:
    assert dict(build_view(head(invalid=2)).counts) == {Decision.INVALID: 2}
