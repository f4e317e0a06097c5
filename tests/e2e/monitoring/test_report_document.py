"""The report on 200 layers in a real browser that has no network."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request

from monitoring.__main__ import main
from tests.integration.monitoring.report.conftest import Plant, plant_of_200

__all__ = ["plant_of_200"]


@pytest.fixture(scope="module")
def document(plant_of_200: Plant, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report in a file."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    with pytest.MonkeyPatch.context() as patched:
        for name, value in plant_of_200.environment.items():
            patched.setenv(name, value)
        assert main(["report", "job42", "--out", str(out)]) == 0
    return out.as_uri()


def test_it_opens_without_network_and_asks_nobody_for_anything(browser: Browser, document: str) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(document)

    assert page.title() == "Build job42 on m290: inspection report"
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert complaints == []
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.locator("main img").count() == 12
    context.close()


def test_it_passes_the_accessibility_check(look: Callable[..., Page], document: str) -> None:
    alike = ".hashes tbody tr:nth-child(n+100)"  # the rows before have all that can be in one

    found = Axe().run(look(document), context={"exclude": [[alike]]}).response

    assert found["testEngine"]["version"] >= "4.12"
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def test_no_two_parts_have_one_name(look: Callable[..., Page], document: str) -> None:
    names = look(document).evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")

    assert len(names) > 20
    assert len(names) == len(set(names))


def test_what_is_drawn_is_also_said(look: Callable[..., Page], document: str) -> None:
    page = look(document)

    said = page.get_by_role("img", name="Verdicts over the layers of the build").locator("desc").text_content()

    assert said is not None
    assert "rejected: layers 120 to 125" in said
    assert "invalid: layers 44 to 45" in said


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_fits_screens_of_any_width(look: Callable[..., Page], document: str, width: int) -> None:
    page = look(document, width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_the_report_and_what_has_to_be_scrolled(look: Callable[..., Page], document: str) -> None:
    page = look(document, width=360)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "report"
    unreached = """[...document.querySelectorAll('main *')].filter(each =>
        each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === 'auto' && each.tabIndex < 0
    ).length"""
    assert page.evaluate(unreached) == 0


def test_on_paper_it_is_a4_and_nothing_is_cut_off(look: Callable[..., Page], document: str, tmp_path: Path) -> None:
    page = look(document, width=680)  # the width between the margins of A4
    page.emulate_media(media="print")

    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    paper = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    assert b"/MediaBox [0 0 595" in paper or b"/MediaBox [0 0 594" in paper
