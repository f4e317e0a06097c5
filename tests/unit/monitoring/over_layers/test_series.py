from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from layerwatch.events import EventKind
from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Verdict
from tests.unit.monitoring.over_layers.conftest import kinds, told

VerdictMaker = Callable[..., Verdict]
REJECTS, INVALIDS = EventKind.REJECT_SERIES, EventKind.INVALID_SERIES
DECISION = {"p": Decision.PASS, "v": Decision.REVIEW, "r": Decision.REJECT, "i": Decision.INVALID}


def layers_of(layer_with: VerdictMaker, letters: str, **about: object) -> list[Verdict]:
    return [
        layer_with(layer, decision=DECISION[letter], reasons=("too dark",), **about)
        for layer, letter in enumerate(letters, start=1)
    ]


def test_three_rejected_layers_in_a_row_are_a_warning_told_once(layer_with: VerdictMaker) -> None:
    events = told(layers_of(layer_with, "prrprrrrrrp"))

    assert kinds(events) == [(REJECTS, 7)]
    assert events[0].reasons == (
        "3 layers in a row after melting (5 to 7) are rejected.",
        "The latest says: too dark.",
        "Stop the build, or find out why it goes on.",
    )
    assert [seen.layer for seen in events[0].evidence[0].layers] == [5, 6, 7]


def test_five_layers_in_a_row_that_cannot_be_judged_are_a_warning(layer_with: VerdictMaker) -> None:
    events = told(layers_of(layer_with, "piiiipiiiii"))

    assert kinds(events) == [(INVALIDS, 11)]
    assert "nobody watches this build" in events[0].reasons[0]
    assert events[0].evidence[0].bbox is None


def test_an_invalid_layer_does_not_break_a_series_of_rejected_ones(layer_with: VerdictMaker) -> None:
    assert kinds(told(layers_of(layer_with, "rirpp"))) == []
    assert kinds(told(layers_of(layer_with, "ririr"))) == [(REJECTS, 5)]


def test_a_second_series_is_told_again(layer_with: VerdictMaker) -> None:
    assert kinds(told(layers_of(layer_with, "rrrrprrr"))) == [(REJECTS, 3), (REJECTS, 8)]


def test_the_same_series_in_the_other_stage_is_not_told_again(layer_with: VerdictMaker) -> None:
    recoat, melt = (layers_of(layer_with, "prrrrp", stage=stage) for stage in Stage)

    assert kinds(told(verdict for both in zip(recoat, melt, strict=True) for verdict in both)) == [(REJECTS, 4)]


def test_a_revision_ends_a_series(layer_with: VerdictMaker) -> None:
    bad = layers_of(layer_with, "iiii")
    mended = layer_with(4, revision=2)

    assert kinds(told([*bad, mended, layer_with(5, decision=Decision.INVALID)])) == []


@given(st.permutations(range(5)))
def test_layers_of_a_series_may_come_in_any_order(layer_with: VerdictMaker, order: list[int]) -> None:
    layers = layers_of(layer_with, "iiiii")

    assert [event.kind for event in told(layers[place] for place in order)] == [INVALIDS]
