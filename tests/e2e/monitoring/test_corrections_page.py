"""Correcting and acknowledging on the page of a build, in a real browser, down to the trainer's next data set."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from layerwatch.verdict import Verdict
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.store import HistoryStore
from monitoring.web.access.tokens import digest
from monitoring.web.access.user import Role
from monitoring.web.access.users_file import Entry, write_users
from tests.e2e.monitoring.noted_build import BOX, NotedBuild, write_noted_build
from tests.integration.monitoring.conftest import Process
from tests.integration.monitoring.history.conftest import published
from tests.processes import end
from trainer.labels.rules import FIRST_CORRECTED
from trainer.sources import find_layer_sets, parse_sources
from trainer.store import read_layer, true_kinds

pytestmark = [pytest.mark.redis, pytest.mark.e2e]


class Server(Protocol):
    url: str


Look = Callable[..., Page]
Open = Callable[..., Page]

LAYERS = 12
SMALL_TARGETS = """[...document.querySelectorAll(":is(#notes, #draw-bar) :is(button, input, select, summary)")]
.filter(one => one.offsetParent && one.getBoundingClientRect().height < 44).map(one => one.id || one.outerHTML)"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, some_verdict: Callable[..., Verdict]) -> NotedBuild:
    """A build with a layer for each test; all but the first have a region."""
    made = write_noted_build(tmp_path_factory.mktemp("noted"), some_verdict, layers=LAYERS)
    engine = open_database(made.environment["MONITORING_DATABASE_URL"])
    migrate(engine)
    HistoryStore(engine).take_in([published(each) for each in made.verdicts])
    engine.dispose()
    return made


@pytest.fixture(scope="module")
def serve(any_redis_server: Server, build: NotedBuild) -> Iterator[Callable[..., str]]:
    """Starts pages on the build; returns their addresses."""
    running: list[Process] = []

    def run(**more: str) -> str:
        folder = build.folder / f"page-{len(running)}"
        environment = {**build.environment, "REDIS_URL": any_redis_server.url, **more}
        running.append(Process(folder, ("serve", "--port", "0"), environment))
        return running[-1].address()

    yield run
    for process in running:
        end(process.popen)


@pytest.fixture(scope="module")
def address(serve: Callable[..., str]) -> str:
    return serve()


@pytest.fixture
def open_layer(address: str, look: Look) -> Open:
    """Opens a layer on the page of the build, which nobody logs in to."""

    def run(layer: int, **about: Any) -> Page:  # noqa: ANN401 - as `look`
        page = look(f"{address}/builds/m290/noted?layer={layer}&stage=melt", **about)
        expect(page.locator("#notes-state")).not_to_be_empty()
        return page

    return run


def on(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a place of the picture is on the page."""
    box = page.locator("#stack").bounding_box()
    assert box is not None
    scale = box["width"] / 400
    return box["x"] + x * scale, box["y"] + y * scale


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*on(page, *start))
    page.mouse.down()
    page.mouse.move(*on(page, *end), steps=4)
    page.mouse.up()


def notes(page: Page) -> list[str]:
    return page.locator("#notes-list li b").all_inner_texts()


def shapes(build: NotedBuild, layer: int) -> list[dict[str, Any]]:
    content = json.loads((build.corrections / "noted" / f"B{layer:04d}a.png.json").read_bytes())
    found: list[dict[str, Any]] = content["shapes"]
    return found


def assert_near(drawn: list[list[int]], meant: list[list[int]]) -> None:
    """Drawn by hand, to a pixel of the picture."""
    assert len(drawn) == len(meant)
    assert np.abs(np.array(drawn) - np.array(meant)).max() <= 1, drawn


def corners(shape: dict[str, Any]) -> list[list[int]]:
    return [[round(x), round(y)] for x, y in shape["points"]]


def test_a_false_alarm_and_a_missed_defect_show_up_in_the_trainers_next_data_set(
    build: NotedBuild, open_layer: Open
) -> None:
    page = open_layer(3)
    page.get_by_label("Your name").fill("Ada")

    page.get_by_role("button", name="Mark as false alarm").click()
    expect(page.locator("#say-polite")).to_contain_text("Saved: False alarm, outline of")
    page.get_by_label("What it is").select_option("debris")
    page.locator("#note-text").fill("fell from the blade")
    page.get_by_role("button", name="Draw a box").click()
    drag(page, (250, 60), (330, 100))
    expect(page.locator("#draw-words")).to_contain_text("Missed debris, box of")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#notes-list li")).to_have_count(2)
    expect(page.locator("#notes-list li").first).to_contain_text("fell from the blade")
    expect(page.locator("#notes-list li").first).to_contain_text("Ada")
    expect(page.locator(".drawn polygon.drawn-line")).to_have_count(2)
    expect(page.locator("#draw-bar")).to_be_hidden()
    images, drawn = build.folder / "incoming" / "m290", build.corrections
    (source,) = parse_sources([images], ["threshold"], ["nist-ammt"], corrections=[str(drawn)])
    files = next(each for each in find_layer_sets(source, 0) if each.layer == 3)
    kinds = true_kinds(files, source, read_layer(files, source)[0])
    x, y, width, height = BOX
    assert not kinds[y : y + height, x : x + width].any()
    assert (kinds[65:95, 255:325] == FIRST_CORRECTED).all()


def test_what_was_just_done_is_undone_at_once_and_what_was_done_before_from_the_list(
    build: NotedBuild, open_layer: Open
) -> None:
    page = open_layer(4)
    page.get_by_role("button", name="Mark as false alarm").click()
    expect(page.locator("#notes-list li")).to_have_count(1)
    page.get_by_role("button", name="Acknowledge this verdict").click()
    expect(page.locator("#notes-list li")).to_have_count(2)

    page.locator("#note-done").get_by_role("button", name="Undo").click()
    expect(page.locator("#notes-list li")).to_have_count(1)
    expect(page.locator("#say-polite")).to_contain_text("Taken back: Acknowledged.")
    assert len(shapes(build, 4)) == 1
    page.get_by_role("button", name="Undo: False alarm").click()

    expect(page.locator("#notes-state")).to_have_text("Nobody has said anything of this layer yet.")
    expect(page.locator(".drawn polygon")).to_have_count(0)
    assert not (build.corrections / "noted" / "B0004a.png.json").exists()


def test_an_outline_is_drawn_corner_by_corner_and_taken_back(build: NotedBuild, open_layer: Open) -> None:
    page = open_layer(5)
    page.get_by_role("button", name="Draw an outline").click()
    for corner in ((50, 300), (120, 300), (390, 10)):
        page.mouse.click(*on(page, *corner))
    page.keyboard.press("Backspace")
    expect(page.locator("#draw-words")).to_contain_text("2 so far")
    page.mouse.click(*on(page, 120, 360))
    page.mouse.click(*on(page, 50, 360))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#notes-list li")).to_have_count(1)

    page.get_by_role("button", name="Draw an outline").click()
    page.mouse.click(*on(page, 200, 300))
    page.keyboard.press("Escape")

    expect(page.locator("#draw-bar")).to_be_hidden()
    assert page.evaluate("document.getElementById('viewer').dataset.mode") is None
    (shape,) = shapes(build, 5)
    assert shape["shape_type"] == "polygon"
    assert_near(corners(shape), [[50, 300], [120, 300], [120, 360], [50, 360]])


def test_two_taps_make_a_box_on_a_zoomed_picture(build: NotedBuild, open_layer: Open) -> None:
    page = open_layer(6)
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Draw a box").click()
    page.mouse.click(*on(page, 180, 180))
    expect(page.locator("#draw-words")).to_have_text("Now the opposite corner.")
    page.mouse.click(*on(page, 220, 200))
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#notes-list li")).to_have_count(1)
    assert_near(corners(shapes(build, 6)[0]), [[180, 180], [220, 200]])


def test_everything_is_said_by_keyboard_alone(build: NotedBuild, open_layer: Open) -> None:
    page = open_layer(7)
    page.get_by_label("What it is").focus()
    page.keyboard.type("Sp")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for value in ("30", "40", "50", "60"):
        page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Tab")
    expect(page.locator("#nudge")).to_be_focused()
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#draw-words")).to_have_text("Missed spatter, box of 50 × 65 px at 35, 40. Save it?")  # noqa: RUF001
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#notes-list li")).to_have_count(1)
    assert [(shape["label"], shape["points"]) for shape in shapes(build, 7)] == [("spatter", [[35, 40], [85, 105]])]
    page.get_by_role("button", name="Undo: Missed spatter").press("Enter")
    expect(page.locator("#notes-list li")).to_have_count(0)


def test_notes_belong_to_their_layer_and_a_drawing_ends_with_it(open_layer: Open) -> None:
    page = open_layer(2)
    page.get_by_role("button", name="Acknowledge this verdict").click()
    expect(page.locator("#notes-list li")).to_have_count(1)
    page.get_by_role("button", name="Draw a box").click()

    page.get_by_role("button", name="Layer before").click()

    expect(page.locator("#notes-state")).to_have_text("Nobody has said anything of this layer yet.")
    expect(page.locator("#notes-list li")).to_have_count(0)
    expect(page.locator("#draw-bar")).to_be_hidden()
    expect(page.locator("#note-done")).to_be_hidden()
    expect(page.get_by_text("The verdict lists no region.")).to_be_visible()
    page.get_by_role("button", name="Layer after").click()
    expect(page.locator("#notes-list li")).to_have_count(1)


def test_nothing_is_said_of_a_layer_that_cannot_be_shown(address: str, browser: Browser) -> None:
    page = browser.new_page()  # whose console may complain about what is cut off
    page.route("**/api/layers/*_000009_*", lambda route: route.abort())
    page.goto(f"{address}/builds/m290/noted?layer=2&stage=melt")
    page.get_by_role("button", name="Draw a box").click()

    page.get_by_role("link", name="Layer 9 melt").click()

    expect(page.locator("#layer-problem")).to_contain_text("More cannot be shown")
    expect(page.locator("#note-forms")).to_be_hidden()
    expect(page.locator("#draw-bar")).to_be_hidden()
    expect(page.locator("#notes-list li")).to_have_count(0)
    page.close()


def test_the_name_is_remembered(open_layer: Open) -> None:
    page = open_layer(8)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Acknowledge this verdict").click()
    expect(page.locator("#notes-list li")).to_have_count(1)

    page.reload()

    expect(page.get_by_label("Your name")).to_have_value("Ada")


def test_what_cannot_be_saved_is_said_and_the_drawing_stays(build: NotedBuild, address: str, browser: Browser) -> None:
    page = browser.new_page()  # whose console may complain about what the server refuses
    page.goto(f"{address}/builds/m290/noted?layer=9&stage=melt")
    expect(page.locator("#notes-state")).not_to_be_empty()
    file = build.corrections / "noted" / "B0009a.png.json"
    file.mkdir(parents=True)
    page.get_by_role("button", name="Draw a box").click()
    drag(page, (250, 60), (330, 100))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#note-problem")).to_contain_text("Not saved: nothing was changed, as the trainer")
    expect(page.locator("#notes-list li")).to_have_count(0)

    file.rmdir()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#notes-list li")).to_have_count(1)
    expect(page.locator("#note-problem")).to_be_empty()
    page.close()


def test_viewers_read_and_operators_undo_their_own(build: NotedBuild, serve: Callable[..., str], look: Look) -> None:
    users = build.folder / "users.toml"
    roles = {"ada": Role.OPERATOR, "bob": Role.OPERATOR, "vic": Role.VIEWER}
    write_users(users, [Entry(name=name, role=role, token_sha256=digest(name)) for name, role in roles.items()])
    address = serve(MONITORING_ACCESS="token", MONITORING_USERS_FILE=str(users))

    def as_user(name: str) -> Page:
        page = look("about:blank")
        page.set_extra_http_headers({"Authorization": f"Bearer {name}"})
        page.goto(f"{address}/builds/m290/noted?layer=12&stage=melt")
        return page

    ada = as_user("ada")
    ada.get_by_role("button", name="Mark as false alarm").click()
    expect(ada.locator("#notes-list li")).to_contain_text("ada")
    expect(ada.get_by_label("Your name")).to_have_count(0)
    expect(ada.locator("#notes-list button")).to_have_count(1)
    for name, may_say in (("bob", 1), ("vic", 0)):
        page = as_user(name)
        expect(page.locator("#notes-list li")).to_have_count(1)
        expect(page.locator("#notes-list button")).to_have_count(0)
        expect(page.get_by_role("button", name="Mark as false alarm")).to_have_count(may_say)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_passes_the_accessibility_check_and_fits_phones(open_layer: Open, theme: str) -> None:
    page = open_layer({"light": 10, "dark": 11}[theme], width=320, height=640, color_scheme=theme)
    page.get_by_role("button", name="Mark as false alarm").click()
    page.get_by_role("button", name="Acknowledge this verdict").click()
    expect(page.locator("#notes-list li")).to_have_count(2)
    page.get_by_text("A box by numbers or arrow keys").click()
    page.get_by_role("button", name="Draw an outline").click()

    found = Axe().run(page, context={"include": [["#notes"], ["#draw-bar"], ["#viewer"]]}).response

    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert page.evaluate(SMALL_TARGETS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
