"""What changed on the page, and what is said aloud of it."""

from collections.abc import Callable, Sequence

import pytest

from layerwatch.events import EventKind
from layerwatch.verdict import Decision, Verdict
from monitoring.web.live.told import Told
from monitoring.web.live.window import Seen, Window
from monitoring.web.now.cards import Known, cards
from monitoring.web.now.plant import Plant
from monitoring.web.now.update import ANNOUNCED, Update, update_after
from tests.unit.monitoring.conftest import filled

SeenMaker = Callable[..., Seen]
VerdictMaker = Callable[..., Verdict]
ToldMaker = Callable[..., Told]


@pytest.fixture
def window() -> Window:
    return Window(100)


def changes(
    window: Window, cursor: str, *, told: Sequence[Told] = (), known: Known | None = None, all_cards: bool = False
) -> Update:
    return update_after(window, cursor, cards(window, known or Known()), told=told, all_cards=all_cards)


def test_an_update_brings_columns_of_known_builds_and_new_builds_whole(window: Window, some_seen: SeenMaker) -> None:
    filled(
        window,
        some_seen(1, printer="a", layer=1),
        some_seen(2, printer="b", build="old", layer=7),
        some_seen(3, printer="a", layer=2),
        some_seen(4, printer="b", build="new", layer=1),
    )

    update = changes(window, "2-0")

    assert [card.printer for card in update.grown] == ["a"]
    assert [column.layer for column in update.columns["a"]] == [2]
    assert [(card.printer, card.view and card.view.build) for card in update.begun] == [("b", "new")]
    assert [seen.cursor for seen in update.rows] == ["3-0", "4-0"]
    assert update.cursor == "4-0"


def test_an_update_of_nothing_changes_and_says_nothing(window: Window, some_seen: SeenMaker) -> None:
    filled(window, some_seen(1))

    update = changes(window, "1-0")

    assert (update.cursor, update.begun, update.grown, update.rows) == ("1-0", (), (), ())
    assert (update.polite, update.urgent) == ("", "")


def test_several_verdicts_are_said_politely_in_one_sentence(window: Window, some_seen: SeenMaker) -> None:
    filled(window, some_seen(1, layer=1), some_seen(2, layer=2, decision=Decision.REVIEW, areas_px=(50, 60)))

    update = changes(window, "0")

    assert update.polite == ("2 new verdicts. The last one, review: m290, layer 2, melt. 2 defect regions, 1.10 mm².")
    assert update.urgent == ""


def test_rejects_are_said_urgently_by_name_up_to_a_few(window: Window, some_seen: SeenMaker) -> None:
    rejects = [some_seen(n, layer=n, decision=Decision.REJECT, areas_px=(5000,)) for n in range(1, 6)]
    filled(window, *rejects)

    update = changes(window, "0")

    assert update.polite == ""
    assert update.urgent.count("reject:") == ANNOUNCED
    assert "layer 5" in update.urgent
    assert update.urgent.endswith("And 2 more.")


def test_a_waiting_printer_and_all_other_cards_come_when_something_else_changed(
    window: Window, some_seen: SeenMaker, some_plant: Callable[..., Plant]
) -> None:
    filled(window, some_seen(1, printer="a"))
    known = Known(sources=some_plant().sources)

    quiet = changes(window, "1-0", known=known)
    changed = changes(window, "1-0", known=known, all_cards=True)

    assert (quiet.begun, quiet.grown) == ((), ())
    assert [card.printer for card in changed.grown] == ["a"]
    assert [(card.printer, card.view) for card in changed.begun] == [("m290", None)]
    assert changed.columns == {"a": ()}


def test_an_uploaded_layer_moves_the_cursor_and_changes_nothing(window: Window, some_seen: SeenMaker) -> None:
    filled(window, some_seen(1), some_seen(2, printer="check", decision=Decision.REJECT))

    update = changes(window, "1-0")

    assert (update.cursor, update.rows, update.grown, update.urgent) == ("2-0", (), (), "")


def test_critical_events_are_said_at_once_and_others_politely(
    window: Window, some_seen: SeenMaker, some_verdict: VerdictMaker, some_told: ToldMaker
) -> None:
    filled(window, some_seen(1, layer=9))
    risk = some_told(some_verdict(layer=9), since=4)
    drift = some_told(some_verdict(layer=9), EventKind.PICTURE_DRIFT, since=9, number=2)

    update = changes(window, "1-0", told=[risk, drift])

    assert update.urgent == "Build at risk: m290, since layer 4. Decide whether the build goes on."
    assert update.polite.startswith("The pictures are no longer what is normal: m290, since layer 9.")
    assert [card.printer for card in update.grown] == ["m290"]
