"""The page of figures: nothing here is timed."""

from pathlib import Path

import pytest

from bench.page import Figures, write_page


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "performance.md"
    page.write_text("# Performance\n\nWhat a person wrote.\n", encoding="utf-8")
    return page


def some_figures(title: str, cell: str) -> Figures:
    return Figures(title=title, command="make it", columns=("what", "ms"), rows=(("a", cell),), note="In one run.")


def test_a_section_that_was_not_measured_now_stays_as_it_is(page: Path) -> None:
    write_page(page, [some_figures("First", "1"), some_figures("Second", "2")])

    write_page(page, [some_figures("Second", "3")])

    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Performance\n\nWhat a person wrote.\n\n## First\n")
    assert text.index("## First") < text.index("| a | 1 |") < text.index("## Second") < text.index("| a | 3 |")
    assert "| a | 2 |" not in text
    assert text.count("`make it`") == text.count("In one run.") == 2


def test_writing_the_same_again_changes_nothing(page: Path) -> None:
    write_page(page, [some_figures("First", "1"), some_figures("Second", "2")])
    before = page.read_text(encoding="utf-8")

    write_page(page, [some_figures("First", "1")])

    assert page.read_text(encoding="utf-8") == before


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="expected 2 cells"):
        Figures(title="x", command="x", columns=("a", "b"), rows=(("1",),))
