"""What holds on every page, in both themes and from a phone to a wall."""

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.monitoring.places import (
    CUT_OFF,
    LARGE,
    MISSED,
    MOVING,
    NAMES,
    PLACES,
    RULES,
    RUNS_OUT,
    SETTLED,
    SMALL_TARGETS,
    SPACED,
    STOPS,
    STYLED,
    THEMES,
    TOO_WIDE,
    VIOLATIONS,
    VISIT,
    WIDTHS,
    Place,
)
from tests.shown_plant import ShownPlant, plant

__all__ = ["plant"]

pytestmark = [pytest.mark.redis, pytest.mark.e2e]

MOST_TABS = 400
Addresses = dict[bool, str]  # by whether one is logged in there
NewContext = Callable[..., BrowserContext]
every_place = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)


@pytest.fixture(scope="module")
def address(plant: ShownPlant) -> Iterator[Addresses]:
    """Where the page is for who is at its machine, and where it asks for a token first."""
    with plant.served() as local, plant.served("asking", MONITORING_ACCESS="token") as asking:
        yield {True: local, False: asking}


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Opens browsers that know nothing of each other, and end with the test."""
    opened: list[BrowserContext] = []

    def run(**about: Any) -> BrowserContext:  # noqa: ANN401 - as Playwright takes them
        opened.append(browser.new_context(**about))
        return opened[-1]

    yield run
    for context in opened:
        context.close()


def go(context: BrowserContext, address: Addresses, place: Place) -> Page:
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{address[place.logged_in]}{place.path}")
    page.wait_for_selector(place.ready, state="attached")
    page.wait_for_load_state("networkidle" if place.ready == "main" else "load")
    return page


@pytest.fixture(
    scope="module", params=[(place, theme) for place in PLACES for theme in THEMES], ids=lambda p: f"{p[0].name}-{p[1]}"
)
def page(request: pytest.FixtureRequest, browser: Browser, address: Addresses) -> Iterator[Page]:
    """Each page in each theme, loaded once; what its console complains about fails."""
    place, theme = request.param
    context = browser.new_context(color_scheme=theme, viewport={"width": 1440, "height": 900})
    complaints: list[str] = []
    context.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    page = go(context, address, place)
    page.evaluate(Axe().axe_script)
    yield page
    context.close()
    expected = "status of 404" if place.name == "error" else "-"
    assert [text for text in complaints if expected not in text] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_it_passes_the_accessibility_check_and_fits(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(SETTLED)

    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(RUNS_OUT) == []
    assert page.evaluate(SMALL_TARGETS, 24) == []
    assert page.evaluate(VIOLATIONS, RULES) == []


@every_place
def test_fingers_in_gloves_hit_every_button(new_context: NewContext, address: Addresses, place: Place) -> None:
    context = new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    page = go(context, address, place)

    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    assert page.evaluate(SMALL_TARGETS, 44) == []
    assert page.evaluate(TOO_WIDE) == []


@every_place
def test_tab_stops_at_everything_and_shows_where_it_is(
    new_context: NewContext, address: Addresses, place: Place
) -> None:
    context = new_context(reduced_motion="reduce")  # nothing is still on its way
    page = go(context, address, place)
    stops = page.evaluate(STOPS)

    for _ in range(MOST_TABS):
        if not page.evaluate(VISIT):
            break
        page.keyboard.press("Tab")
    else:
        pytest.fail(f"Tab was pressed {MOST_TABS} times and does not leave the page")

    assert stops >= 3
    assert page.evaluate(MISSED) == {"unreached": [], "unmarked": [], "covered": []}


@every_place
def test_what_a_screen_reader_begins_with_is_there(new_context: NewContext, address: Addresses, place: Place) -> None:
    context = new_context()
    page = go(context, address, place)

    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.locator("h1")).to_have_count(1)
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(1 if place.logged_in else 0)
    assert page.locator("#say-polite").get_attribute("aria-live") == "polite"
    assert page.locator("#say-urgent").get_attribute("aria-live") == "assertive"
    names = page.evaluate(NAMES)
    assert len(names) == len(set(names))
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_no_two_pages_have_one_title(new_context: NewContext, address: Addresses) -> None:
    context = new_context()
    titles = [go(context, address, place).title() for place in PLACES]

    assert len(set(titles)) == len(PLACES)
    assert all(title.endswith("layerwatch") for title in titles)


@every_place
def test_nothing_moves_for_who_asked_for_that(new_context: NewContext, address: Addresses, place: Place) -> None:
    context = new_context(reduced_motion="reduce")
    page = go(context, address, place)

    assert page.evaluate(MOVING) == []


@every_place
def test_wide_spacing_and_large_letters_cut_nothing_off(
    new_context: NewContext, address: Addresses, place: Place
) -> None:
    context = new_context(viewport={"width": 390, "height": 844})
    page = go(context, address, place)

    for width, rules in ((390, SPACED), (1280, LARGE)):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate(STYLED, rules)
        page.evaluate(SETTLED)
        assert page.evaluate(TOO_WIDE) == [], rules
        assert page.evaluate(CUT_OFF) == [], rules


@every_place
def test_colours_of_the_users_own_leave_every_decision_its_shape(
    new_context: NewContext, address: Addresses, place: Place
) -> None:
    context = new_context(forced_colors="active")
    page = go(context, address, place)

    for shape in first_of_each_shape(page):
        assert contrast_in(shape.screenshot()) > 100, shape.get_attribute("class")


@every_place
def test_on_paper_there_is_what_was_found_and_no_navigation(
    new_context: NewContext, address: Addresses, place: Place
) -> None:
    context = new_context(viewport={"width": 680, "height": 900})  # the width between the margins of A4
    page = go(context, address, place)

    page.emulate_media(media="print")
    page.evaluate(SETTLED)

    expect(page.locator("#main")).to_be_visible()
    expect(page.locator("nav.pages")).to_be_hidden()
    expect(page.locator(".skip")).to_be_hidden()
    expect(page.locator(".foot")).to_be_hidden()
    assert page.evaluate(TOO_WIDE) == []


def first_of_each_shape(page: Page) -> list[Locator]:
    """Return one visible drawing of each decision that the page shows."""
    found: dict[str | None, Locator] = {}
    for shape in page.locator("main svg.shape").all():
        if shape.is_visible():
            found.setdefault(shape.locator("use").get_attribute("href"), shape)
    return list(found.values())


def contrast_in(picture: bytes) -> int:
    """Return how far the darkest and the brightest grey of a PNG are apart, 0 to 255."""
    grey = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    return int(np.ptp(grey)) if grey is not None else 0
