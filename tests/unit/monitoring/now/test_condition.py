"""Is the build fine, since when not, where, and what now."""

from collections.abc import Callable

import pytest

from layerwatch.events import EventKind
from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.web.live.told import Told
from monitoring.web.live.window import Seen
from monitoring.web.now.condition import CALM_LAYERS, STANDS_LAYERS, condition
from monitoring.web.places import place_text

SeenMaker = Callable[..., Seen]
VerdictMaker = Callable[..., Verdict]
ToldMaker = Callable[..., Told]
REJECTED = {"decision": Decision.REJECT, "areas_px": (900,)}
REVIEWED = {"decision": Decision.REVIEW, "areas_px": (90,)}


@pytest.fixture
def sets(some_seen: SeenMaker) -> Callable[..., list[Seen]]:
    """A builder: `sets(9, {3: REJECTED})` are nine layers of which the third was rejected."""

    def build(layers: int, bad: dict[int, dict[str, object]]) -> list[Seen]:
        return [some_seen(layer, layer=layer, **bad.get(layer, {})) for layer in range(1, layers + 1)]

    return build


SetsMaker = Callable[..., list[Seen]]


def test_a_build_without_findings_is_fine_since_its_first_layer(sets: SetsMaker) -> None:
    said = condition(sets(12, {}), (), ())

    assert (said.word, said.since_when, said.layer) == ("pass", "since layer 1 (12 layers)", None)
    assert said.what_now == "Nothing to do."


def test_the_pass_of_the_next_layer_does_not_cover_a_reject(sets: SetsMaker) -> None:
    said = condition(sets(9, {8: REJECTED}), (), ())

    assert said.decision is Decision.REJECT
    assert said.since_when == "since layer 8 (2 layers)"
    assert (said.layer, said.stage, said.place) == (8, Stage.MELT, "upper left")
    assert said.what_now == "Stop the build and look at the layer."


def test_a_build_is_fine_again_after_enough_fine_layers(sets: SetsMaker) -> None:
    not_yet = condition(sets(8 + CALM_LAYERS - 1, {8: REJECTED}), (), ())
    again = condition(sets(8 + CALM_LAYERS, {8: REJECTED}), (), ())

    assert not_yet.word == "reject"
    assert (again.word, again.since_when) == ("pass", "since layer 9 (5 layers)")


def test_since_when_reaches_back_over_a_few_fine_layers_but_not_over_many(sets: SetsMaker) -> None:
    said = condition(sets(30, {5: REVIEWED, 20: REVIEWED, 23: REJECTED, 28: REVIEWED}), (), ())

    assert (said.word, said.since, said.layers) == ("review", 20, 11)
    assert said.layer == 28


def test_the_gravest_of_the_latest_layers_counts_and_its_newest_is_shown(sets: SetsMaker) -> None:
    said = condition(sets(10, {6: REJECTED, 7: REJECTED, 8: REVIEWED, 9: {"decision": Decision.INVALID}}), (), ())

    assert (said.word, said.layer) == ("reject", 7)


def test_what_somebody_acknowledged_is_no_longer_said_first(sets: SetsMaker) -> None:
    found = sets(10, {9: REJECTED, 10: REVIEWED})

    said = condition(found, (), {found[8].row.id})

    assert (said.word, said.since) == ("review", 10)


def test_layers_that_come_out_of_order_are_taken_by_their_numbers(some_seen: SeenMaker) -> None:
    late = [some_seen(1, layer=40), some_seen(2, layer=41), some_seen(3, layer=2, **REJECTED)]

    assert condition(late, (), ()).since == 2


def test_a_build_at_risk_says_since_when_where_and_what_now(
    sets: SetsMaker, some_verdict: VerdictMaker, some_told: ToldMaker
) -> None:
    told = some_told(some_verdict(layer=12), since=7)

    said = condition(sets(12, {}), [told], ())

    assert (said.word, said.decision, said.is_at_risk) == ("at risk", Decision.REJECT, True)
    assert (said.since_when, said.layer) == ("since layer 7 (6 layers)", 12)
    assert (said.place, said.what_now) == ("lower right", "Decide whether the build goes on.")


def test_a_reject_says_more_than_a_risk_and_a_risk_more_than_a_review(
    sets: SetsMaker, some_verdict: VerdictMaker, some_told: ToldMaker
) -> None:
    told = [some_told(some_verdict(layer=12), since=7)]

    assert condition(sets(12, {11: REJECTED}), told, ()).word == "reject"
    assert condition(sets(12, {11: REVIEWED}), told, ()).word == "at risk"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (EventKind.REJECT_SERIES, "reject"),
        (EventKind.INVALID_SERIES, "invalid"),
        (EventKind.PICTURE_DRIFT, "review"),
        (EventKind.DEFECT_PERSISTS, "review"),
    ],
)
def test_each_event_looks_like_the_decision_it_asks_for(
    sets: SetsMaker, some_verdict: VerdictMaker, some_told: ToldMaker, kind: EventKind, word: str
) -> None:
    assert condition(sets(12, {}), [some_told(some_verdict(layer=12), kind)], ()).word == word


def test_an_event_ends_when_it_is_acknowledged_or_long_ago(
    sets: SetsMaker, some_verdict: VerdictMaker, some_told: ToldMaker
) -> None:
    told = some_told(some_verdict(layer=12))

    assert condition(sets(13, {}), [told], {told.event.id}).is_fine
    assert not condition(sets(12 + STANDS_LAYERS, {}), [told], ()).is_fine
    assert condition(sets(13 + STANDS_LAYERS, {}), [told], ()).is_fine


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((0, 0, 10, 10), "upper left"),
        ((45, 45, 10, 10), "middle"),
        ((80, 45, 10, 10), "right"),
        ((45, 90, 10, 10), "lower"),
        ((0, 40, 100, 4), "all across"),
    ],
)
def test_a_place_in_the_picture_is_said_in_words(box: tuple[int, int, int, int], place: str) -> None:
    assert place_text(box, (100, 100)) == place
