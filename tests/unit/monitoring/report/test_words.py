"""Sentences and cells of a report."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwatch.report import EventNote
from layerwatch.verdict import Verdict
from monitoring.report.choosing import close_to
from monitoring.report.findings import told_event
from monitoring.report.formats import FORMULA, _row
from monitoring.report.overlays import BYTES_AT_MOST, SIDE, shrunk
from monitoring.report.queries import BuildName
from monitoring.report.words import period_text, ranges, ranges_text, share_text, subject_text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((), ""), ((3,), "3"), ((3, 5, 6, 7), "3 and 5 to 7"), ((1, 3, 5, 6), "1, 3 and 5 to 6")],
)
def test_numbers_become_ranges(numbers: tuple[int, ...], text: str) -> None:
    assert ranges_text(ranges(numbers)) == text


def test_of_many_ranges_the_first_are_named_and_the_others_counted() -> None:
    assert ranges_text([(1, 1), (3, 4), (6, 10)], shown=2) == "1, 3 to 4 and 5 more"


@given(st.lists(st.integers(0, 300), unique=True))
def test_no_number_is_lost_in_ranges(numbers: list[int]) -> None:
    found = ranges(sorted(numbers))

    assert sorted(numbers) == [number for first, last in found for number in range(first, last + 1)]


def test_a_share_is_all_or_nothing_only_where_it_is() -> None:
    assert [share_text(part, 100_000) for part in (0, 1, 50_000, 99_999, 100_000)] == [
        "0 %", "0.1 %", "50.0 %", "99.9 %", "100 %",
    ]  # fmt: skip


def test_what_an_acknowledgement_is_about_is_a_layer_in_words() -> None:
    assert subject_text("m290_job42_000120_melt-0123456789ab") == "Layer 120, melt"
    assert subject_text("something else") == "something else"


def test_names_like_the_one_that_was_typed_are_found() -> None:
    names = [BuildName(printer="m290", build=name) for name in ("job42", "job420", "bracket-7", "JOB-42")]

    assert [str(name) for name in close_to("job42x", names)][:1] == ["job42 on m290"]
    assert [name.build for name in close_to("bracket", names)] == ["bracket-7"]
    assert close_to("zzz", names) == ()


@pytest.mark.parametrize("begin", FORMULA)
def test_a_cell_is_never_a_formula(begin: str) -> None:
    cells = next(csv.reader(io.StringIO(_row((f"{begin}HYPERLINK(1)", -1.5)).decode(), newline="")))

    assert cells[0].startswith("'")
    assert float(cells[1]) == -1.5


def test_a_large_overlay_becomes_a_small_one() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1800, 1800, 3), dtype=np.uint8)

    shown = shrunk(cv2.imencode(".jpg", noise)[1].tobytes())

    assert (shown.width, shown.height) == (SIDE, SIDE)
    assert shown.uri.startswith("data:image/jpeg;base64,")
    assert len(shown.uri) < BYTES_AT_MOST * 4 / 3 + 30


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + b"0" * 60])
def test_what_is_no_whole_jpeg_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        shrunk(content)


def test_an_event_of_another_shape_is_shown_by_its_kind_alone(some_verdict: Callable[..., Verdict]) -> None:
    moment = some_verdict().timing.published
    event = EventNote(id="e", kind="x", layer=None, published=moment, body={"evidence": "none", "reasons": 7})

    assert told_event(event) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(40, "less than a minute"), (3599, "59 min"), (7500, "2 h 5 min"), (3 * 86_400 + 3600, "3 days 1 h")],
)
def test_a_period_has_the_two_units_that_matter(seconds: int, text: str) -> None:
    begin = datetime(2026, 5, 4, tzinfo=UTC)

    assert period_text(begin, begin + timedelta(seconds=seconds)) == text
