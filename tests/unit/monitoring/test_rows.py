from collections.abc import Callable

import pytest
from rich.console import Console

from layerwatch.verdict import Decision, Verdict
from monitoring.rows import NOTHING, area_text, row_of, seconds_text
from monitoring.table import VerdictTable

VerdictMaker = Callable[..., Verdict]


@pytest.mark.parametrize(
    ("area_px", "area_mm2", "text"),
    [(1240, None, "1,240 px"), (10, 0.0, "0.000 mm²"), (10, 0.0314, "0.031 mm²"), (10, 1234.5, "1,234.50 mm²")],
)
def test_an_area_is_in_square_millimetres_where_the_size_of_a_pixel_is_known(
    area_px: int, area_mm2: float | None, text: str
) -> None:
    assert area_text(area_px, area_mm2) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.844, "0.84 s"), (12.34, "12.3 s"), (300.0, "5 min"), (4 * 3600.0, "4 h"), (4 * 86400.0, "4 days")],
)
def test_a_duration_has_the_unit_that_people_would_use(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_a_row_names_the_largest_region_and_the_whole_area(some_verdict: VerdictMaker) -> None:
    verdict = some_verdict(decision=Decision.REJECT, areas_px=(40, 900), seconds=2.5)

    row = row_of(verdict)

    assert (row.largest, row.total, row.region_count) == ("9.00 mm²", "9.40 mm²", "2")
    assert (row.confidence, row.file_to_verdict, row.key) == ("0.90", "2.50 s", "m290_job42_000001_melt")


def test_a_row_without_the_size_of_a_pixel_counts_pixels(some_verdict: VerdictMaker) -> None:
    row = row_of(some_verdict(decision=Decision.REVIEW, areas_px=(1500, 40), mm2=False))

    assert (row.largest, row.total) == ("1,500 px", "1,540 px")


def test_a_set_that_was_not_judged_shows_no_confidence(some_verdict: VerdictMaker) -> None:
    row = row_of(some_verdict(decision=Decision.INVALID, reasons=("missing light b",)))

    assert (row.confidence, row.largest, row.total) == (NOTHING, NOTHING, NOTHING)


@pytest.mark.parametrize("width", [70, 100, 160])
def test_the_table_shows_the_word_and_the_layer_at_every_width(some_verdict: VerdictMaker, width: int) -> None:
    console = Console(width=width, height=40)
    verdict = some_verdict(decision=Decision.REJECT, areas_px=(900,), reasons=("too large",))

    with console.capture() as captured:
        VerdictTable(console).show(row_of(verdict))

    text = captured.get()
    assert "REJECT" in text
    assert "000001 melt" in text
    assert all(len(line) <= width for line in text.splitlines())
    assert ("too large" in text) is (width == 160)


@pytest.mark.parametrize("width", [70, 100, 160])
def test_the_reason_of_an_invalid_set_is_shown_at_every_width(some_verdict: VerdictMaker, width: int) -> None:
    console = Console(width=width, height=40)

    with console.capture() as captured:
        VerdictTable(console).show(row_of(some_verdict(decision=Decision.INVALID, reasons=("missing light b",))))

    assert "missing light b" in captured.get()


def test_the_header_comes_back_once_a_screenful(some_verdict: VerdictMaker) -> None:
    console = Console(width=100, height=12, no_color=True)
    table = VerdictTable(console)

    with console.capture() as captured:
        for layer in range(21):
            table.show(row_of(some_verdict(layer=layer)))

    assert captured.get().count("decision") == 3
