"""One card for each printer, and the first line of the page."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from layerwatch.events import EventKind
from layerwatch.source_state import SourceState
from layerwatch.verdict import Decision, Verdict
from monitoring.history.notes import Acknowledgement
from monitoring.web.live.told import Told
from monitoring.web.live.window import Seen, Window
from monitoring.web.now.cards import SHOWN_EVENTS, Known, cards
from monitoring.web.now.headline import headline
from monitoring.web.now.plant import Plant, Source
from monitoring.web.now.trouble import Gravity, Kind, Trouble
from monitoring.web.now.wire import PrinterNow

SeenMaker = Callable[..., Seen]
VerdictMaker = Callable[..., Verdict]
ToldMaker = Callable[..., Told]
StateMaker = Callable[..., SourceState]


def trouble(gravity: Gravity, printer: str | None = None) -> Trouble:
    return Trouble(
        kind=Kind.FOLDER, gravity=gravity, sentence=f"It is {gravity}.", what_now="Mend it.", printer=printer
    )


@pytest.fixture
def window(some_seen: SeenMaker) -> Window:
    """Twelve fine layers of m290."""
    window = Window(100)
    for layer in range(1, 13):
        window.add(some_seen(layer, layer=layer))
    return window


def test_a_printer_that_is_known_and_has_no_verdict_waits_for_its_first_layer(
    window: Window, some_state: StateMaker
) -> None:
    sources = [Source(state=some_state(name), quiet_seconds=0, lacking_seconds=0) for name in ("eos", "m290")]

    found = cards(window, Known(sources=sources))

    assert [(card.printer, card.view is None) for card in found] == [("eos", True), ("m290", False)]
    assert found[0].condition is None
    assert found[0].is_fine


def test_a_card_has_its_own_troubles_and_says_that_nobody_watches(window: Window) -> None:
    other, own = trouble(Gravity.DOWN, "eos"), trouble(Gravity.WARNING, "m290")

    (watched,) = cards(window, Known(troubles=[other, own]))
    (unwatched,) = cards(window, Known(troubles=[trouble(Gravity.DOWN)]))

    assert (watched.troubles, watched.unwatched) == ((own,), None)
    assert unwatched.unwatched is not None
    assert unwatched.troubles == ()


def test_events_stand_open_ones_first_and_say_who_has_seen_them(
    window: Window, some_verdict: VerdictMaker, some_told: ToldMaker
) -> None:
    risk = some_told(some_verdict(layer=9), since=4)
    drift = some_told(some_verdict(layer=12), EventKind.PICTURE_DRIFT, number=2)
    seen = Acknowledgement(
        subject=risk.event.id, printer="m290", build="job42", author="Ana", note="a scratch", created=datetime.now(UTC)
    )

    (before,) = cards(window, Known(told=[risk, drift]))
    (after,) = cards(window, Known(told=[risk, drift], acknowledged={risk.event.id: seen}))

    assert [notice.event.kind for notice in before.notices] == [EventKind.BUILD_AT_RISK, EventKind.PICTURE_DRIFT]
    assert [notice.is_open for notice in after.notices] == [True, False]
    assert after.notices[1].acknowledged is seen
    assert before.condition is not None
    assert after.condition is not None
    assert (before.condition.word, after.condition.word) == ("at risk", "review")


def test_of_many_events_a_few_are_shown_and_those_of_other_builds_are_not(
    window: Window, some_verdict: VerdictMaker, some_told: ToldMaker
) -> None:
    told = [some_told(some_verdict(layer=layer), number=layer) for layer in range(1, 10)]
    told.append(some_told(some_verdict(build="other"), number=20))

    (card,) = cards(window, Known(told=told))

    assert [notice.event.layer for notice in card.notices] == [9, 8, 7, 6][:SHOWN_EVENTS]
    assert card.more == 9 - SHOWN_EVENTS


def test_the_first_line_says_that_all_is_well(window: Window, some_plant: Callable[..., Plant]) -> None:
    one = cards(window, Known())
    two = cards(
        window,
        Known(
            sources=[
                Source(state=s.state.model_copy(update={"printer": "eos"}), quiet_seconds=0, lacking_seconds=0)
                for s in some_plant().sources
            ]
        ),
    )

    assert headline(two, (), waiting=0).sentence == "2 printers, all layers judged, nothing is down"
    assert headline(one, (), waiting=3).sentence == "1 printer, 3 layers being judged, nothing is down"
    assert headline((), (), waiting=0).is_well
    assert not headline((), (), waiting=None).is_well


def test_the_first_line_says_the_worst_that_is_not(some_seen: SeenMaker) -> None:
    window = Window(100)
    decisions = {"a": Decision.PASS, "b": Decision.REVIEW, "c": Decision.REJECT, "d": Decision.INVALID}
    for number, (printer, decision) in enumerate(decisions.items(), 1):
        window.add(some_seen(number, printer=printer, decision=decision))
    every, down, late = cards(window, Known()), trouble(Gravity.DOWN), trouble(Gravity.WARNING)

    worst = headline(every, (down, late), waiting=0)
    without = [card for card in every if card.printer != "c"]

    assert (worst.look, worst.printer) == ("reject", "c")
    assert worst.sentence == "c: reject since layer 1 (1 layer), and 2 more builds"
    assert [card.printer for card in worst.alarms] == ["c", "b", "d"]
    assert headline(without, (down, late), waiting=0).sentence == "It is down."
    assert headline(without, (late,), waiting=0).printer == "b"
    assert headline(without[:1], (late,), waiting=0).look == "warning"
    assert headline(without[:1], (trouble(Gravity.NOTE),), waiting=0).is_well


def test_programs_are_told_what_the_page_shows(
    window: Window, some_verdict: VerdictMaker, some_told: ToldMaker
) -> None:
    (card,) = cards(window, Known(told=[some_told(some_verdict(layer=12), since=7)]))

    told = PrinterNow.of(card).model_dump(mode="json")

    assert told["condition"]["word"] == "at risk"
    assert told["condition"]["url"] == "/builds/m290/job42?layer=12&stage=melt"
    assert told["last"]["layer"] == 12
    assert told["events"][0]["event"]["kind"] == "build_at_risk"
    assert told["events"][0]["open"] is True
    assert told["source"] is None
