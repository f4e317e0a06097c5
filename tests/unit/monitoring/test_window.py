from collections.abc import Callable

import pytest

from layerwatch.layers import Stage
from layerwatch.verdict import Decision
from monitoring.web.live.window import Seen, Window
from monitoring.web.now.views import STRIP_LAYERS, builds, latest, replaced_by
from tests.unit.monitoring.conftest import filled

SeenMaker = Callable[..., Seen]


@pytest.fixture
def window() -> Window:
    return Window(100)


def test_the_window_keeps_the_latest_and_knows_what_it_dropped(some_seen: SeenMaker) -> None:
    window = filled(Window(3), *(some_seen(number, layer=number) for number in range(1, 6)))

    assert [seen.cursor for seen in window.after("0")] == ["3-0", "4-0", "5-0"]
    assert window.floor == "2-0"
    assert window.has_all_after("2-0")
    assert not window.has_all_after("1-0")


def test_a_cursor_is_followed_by_what_came_later_up_to_the_limit(window: Window, some_seen: SeenMaker) -> None:
    filled(window, *(some_seen(number) for number in (9, 10, 11)))

    assert [seen.cursor for seen in window.after("9-0", 1)] == ["10-0"]
    assert [seen.cursor for seen in window.after("9-5")] == ["10-0", "11-0"]
    assert window.after("11-0") == []
    assert [seen.cursor for seen in window.newest(2)] == ["11-0", "10-0"]


def test_a_verdict_is_found_by_its_cursor_alone(window: Window, some_seen: SeenMaker) -> None:
    seen = some_seen(9)
    filled(window, seen)

    assert window.find("9-0") is seen
    assert window.find("8-0") is None
    assert window.find("9-1") is None


def test_a_cursor_that_the_stream_never_came_to_is_one_behind_which_something_may_be_missing(
    window: Window, some_seen: SeenMaker
) -> None:
    filled(window, some_seen(9))

    assert window.has_all_after("9-0")
    assert not window.has_all_after("9-1")


def test_an_empty_window_has_a_place_to_go_on_from(window: Window) -> None:
    assert (window.cursor, window.last, window.after("0")) == ("0", None, [])
    window.fill([], floor="7-0")
    assert window.cursor == "7-0"


def test_each_printer_shows_its_latest_build_only(window: Window, some_seen: SeenMaker) -> None:
    filled(
        window,
        some_seen(1, printer="z", build="old", layer=90),
        some_seen(2, printer="z", build="new", layer=1),
        some_seen(3, printer="a", layer=5),
    )

    views = builds(window)

    assert [(view.printer, view.build, view.last.row.layer) for view in views] == [("a", "job42", 5), ("z", "new", 1)]


def test_the_strip_has_a_column_a_layer_with_the_newest_revision_of_each_stage(
    window: Window, some_seen: SeenMaker
) -> None:
    filled(
        window,
        some_seen(1, layer=1, stage=Stage.RECOAT),
        some_seen(2, layer=1, decision=Decision.REVIEW, areas_px=(50,)),
        some_seen(3, layer=3, stage=Stage.RECOAT),
        some_seen(4, layer=1, decision=Decision.PASS, revision=2),
    )

    (view,) = builds(window)

    cells = [[seen.cursor if seen else None for seen in column.cells] for column in view.columns]
    assert cells == [["1-0", "4-0"], ["3-0", None]]
    assert view.counts == {Decision.PASS: 3}


def test_a_long_build_shows_its_latest_layers_and_says_how_many_it_hides(some_seen: SeenMaker) -> None:
    window = Window(1000)
    filled(window, *(some_seen(layer, layer=layer) for layer in range(1, STRIP_LAYERS + 31)))

    (view,) = builds(window)

    assert [view.columns[0].layer, view.columns[-1].layer] == [31, STRIP_LAYERS + 30]
    assert view.hidden == 30


def test_findings_name_what_did_not_pass(window: Window, some_seen: SeenMaker) -> None:
    filled(
        window,
        some_seen(1, layer=1),
        some_seen(2, layer=2, decision=Decision.REVIEW, areas_px=(50,)),
        some_seen(3, layer=3),
        some_seen(4, layer=4),
    )

    (view,) = builds(window)

    assert [seen.cursor for seen in view.findings] == ["2-0"]


def test_an_older_revision_names_the_one_that_took_its_place(window: Window, some_seen: SeenMaker) -> None:
    old, new = some_seen(1), some_seen(2, revision=2)
    filled(window, old, new)

    assert replaced_by(window, old) is new
    assert replaced_by(window, new) is None


def test_what_people_upload_is_no_running_build(window: Window, some_seen: SeenMaker) -> None:
    filled(window, some_seen(1, printer="m290"), some_seen(2, printer="check", build="20261126-120000-abcdef"))

    assert [view.printer for view in builds(window)] == ["m290"]
    assert [seen.cursor for seen in latest(window)] == ["1-0"]
