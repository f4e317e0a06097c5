"""Checking a layer in a real browser: simulated pictures, a real worker with the starter model, a real queue."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from simulator.__main__ import main as simulate
from tests.conftest import any_server_binary, running_server
from tests.integration.monitoring.check.conftest import Shop
from tests.unit.monitoring.check.conftest import bomb, png
from tests.worker_processes import ROOT

Open = Callable[..., Page]
REFUSED = "the server responded with a status of 4"  # the browser notes each answer that says no
AWAY = "net::ERR_"
TIMES = "\N{MULTIPLICATION SIGN}"
RECORD = """
globalThis.said = [];
new MutationObserver(() => said.push(document.getElementById("say-polite").textContent))
  .observe(document.getElementById("say-polite"), { childList: true, characterData: true, subtree: true });
"""


@pytest.fixture(scope="module")
def check_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a page checks layers."""
    folder = tmp_path_factory.mktemp("shop")
    with ExitStack() as stack:
        server = stack.enter_context(running_server(any_server_binary(), folder))
        shop = Shop(server.url, folder, ROOT / "models" / "starter", stack)
        shop.worker()
        url = str(shop.page().base_url).rstrip("/") + "/check"
        shop.wait_for_a_worker()
        yield url


@pytest.fixture(scope="module")
def lights(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The three lights of a simulated layer with a defect."""
    folder = tmp_path_factory.mktemp("pictures")
    options = [
        "--layers",
        "1",
        "--period",
        "0",
        "--size",
        "512",
        "--defect",
        "debris@1",
        "--write",
        "plain",
        "--overwrite",
    ]
    assert simulate(["run", "--out", str(folder), "--seed", "3", *options]) == 0
    return [folder / f"B0001{light}.PNG" for light in "abc"]


@pytest.fixture
def open_check(browser: Browser, check_url: str) -> Iterator[Open]:
    """Opens the page; what the console complains about fails the test, but for answers that say no."""
    complaints: list[str] = []
    pages: list[Page] = []

    def run(*, width: int = 1280, color_scheme: str = "light", script: bool = True) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme=color_scheme,  # type: ignore[arg-type]  # a literal there
            java_script_enabled=script,
        )
        pages.append(page)
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(check_url)
        return page

    yield run
    for page in pages:
        page.close()
    assert [text for text in complaints if REFUSED not in text and AWAY not in text] == []


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("#pictures", files)
    expect(page.locator("#files li")).to_have_count(len(files))


def submit(page: Page) -> None:
    page.get_by_role("button", name="Check this layer").click()


def violations(page: Page) -> list[str]:
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in Axe().run(page).response["violations"]]


def test_three_lights_are_uploaded_and_their_verdict_is_announced_once(open_check: Open, lights: list[Path]) -> None:
    page = open_check()
    page.evaluate(RECORD)
    choose(page, *lights[::-1])
    expect(page.locator("#files .light")).to_have_text(["Light a", "Light b", "Light c"])
    expect(page.locator("#files b")).to_have_text([light.name for light in lights])
    page.get_by_label("Kind of printer").select_option("nist-ammt")
    page.get_by_label("Edge of a pixel in mm").fill("0.05")
    submit(page)

    page.wait_for_selector("#result .decision")
    address = page.url.replace("/check/", "/api/inspections/")
    found = json.loads(httpx.get(address).text)
    word = found["decision"]
    assert word in {"review", "reject"}
    expect(page.locator("#result .decision")).to_have_text(word)
    expect(page.locator("#say-polite")).to_contain_text(word.capitalize())
    said = page.evaluate("said")
    assert len([text for text in said if text.startswith(word.capitalize())]) == 1
    assert page.locator("#say-urgent").text_content() == ""
    assert page.evaluate("document.activeElement.id") == "result-name"
    assert page.locator("#result .overlay img").get_attribute("alt")
    assert page.evaluate("document.querySelector('#result img').naturalWidth") > 0
    assert found["summary"] in page.inner_text("#result .summary")
    assert page.locator("#check-regions tbody tr").count() == len(found["bbox"])
    assert word in page.title()
    page.get_by_role("link", name="Check another").click()
    expect(page.locator("#check-form")).to_be_visible()


def test_by_keyboard_alone_pictures_are_reordered_removed_and_sent(open_check: Open, lights: list[Path]) -> None:
    page = open_check()
    choose(page, *lights)
    page.focus("#pictures")
    for _ in range(2):
        page.keyboard.press("Tab")  # past "up", which the first one has not: down, remove
    expect(page.get_by_role("button", name=f"Remove {lights[0].name}")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#files b")).to_have_text([lights[at].name for at in (1, 0, 2)])
    expect(page.get_by_role("button", name=f"Move {lights[0].name} down")).to_be_focused()
    expect(page.locator("#say-polite")).to_have_text(f"{lights[0].name} is taken for light b.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#files li")).to_have_count(2)
    expect(page.get_by_role("button", name=f"Remove {lights[2].name}")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Check this layer")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector("#result .decision")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"layer,area\n1,2\n", "it looks like text; PNG, TIFF, JPEG and BMP are read"),
        (bomb(), "declares 60000 x 60000 pixels"),
        (b"", "is empty"),
    ],
    ids=["text", "bomb", "empty"],
)
def test_what_is_refused_comes_back_with_the_reason_beside_the_pictures(
    open_check: Open, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "layer.png").write_bytes(content)
    page = open_check()
    choose(page, tmp_path / "layer.png")
    submit(page)

    expect(page.locator("#mistake")).to_contain_text(words)
    expect(page.locator("#mistake")).to_be_focused()
    expect(page.locator("#pictures")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#files li")).to_have_count(1)
    assert violations(page) == []


def test_unequal_sizes_are_told_before_they_are_sent_and_refused_after(open_check: Open, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(size=(100, 120)))
    (tmp_path / "b.png").write_bytes(png(size=(100, 130)))
    page = open_check()
    choose(page, tmp_path / "a.png", tmp_path / "b.png")

    expect(page.locator("#unequal")).to_contain_text(f"differ in size: 120 {TIMES} 100, 130 {TIMES} 100 pixels")
    submit(page)
    expect(page.locator("#mistake")).to_contain_text("the lights differ in size: a (a.png) 120 x 100, b (b.png) 130 x")


def test_seventeen_files_are_not_taken(open_check: Open, tmp_path: Path) -> None:
    files = [tmp_path / f"{number:02d}.png" for number in range(17)]
    for file in files:
        file.write_bytes(png(size=(8, 8)))
    page = open_check()
    page.set_input_files("#pictures", files)

    expect(page.locator("#mistake")).to_have_text("At most 16 pictures are taken; 1 were left out.")
    expect(page.locator("#files li")).to_have_count(16)


def test_a_lost_connection_is_said_and_the_verdict_comes_when_it_is_back(open_check: Open, lights: list[Path]) -> None:
    page = open_check()
    choose(page, lights[0])
    page.route("**/api/inspections/**", lambda route: route.abort())
    submit(page)
    expect(page.locator("#progress-name")).to_have_text("Connection lost")
    assert violations(page) == []

    page.unroute("**/api/inspections/**")

    page.wait_for_selector("#result .decision")


def test_what_was_not_sent_whole_can_be_sent_again(open_check: Open, lights: list[Path]) -> None:
    page = open_check()
    choose(page, lights[0])
    page.route("**/api/inspect", lambda route: route.abort())
    submit(page)
    expect(page.locator("#mistake")).to_contain_text("The connection broke off")

    page.unroute("**/api/inspect")
    submit(page)

    page.wait_for_selector("#result .decision")


def test_waiting_can_be_cancelled_and_the_pictures_are_still_chosen(open_check: Open, lights: list[Path]) -> None:
    page = open_check()
    choose(page, *lights)
    page.route("**/api/inspections/**", lambda _: None)  # no answer
    submit(page)
    expect(page.locator("#progress-name")).to_have_text("Waits for a worker")

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("button", name="Check this layer")).to_be_focused()
    expect(page.locator("#files li")).to_have_count(3)


def test_pictures_can_be_dropped_and_pasted(open_check: Open) -> None:
    page = open_check()
    give = """async ([kind, name]) => {
      const canvas = new OffscreenCanvas(60, 40);
      canvas.getContext("2d").fillRect(0, 0, 30, 30);
      const files = new DataTransfer();
      files.items.add(new File([await canvas.convertToBlob()], name, { type: "image/png" }));
      const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true })
        : new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
      document.getElementById("drop").dispatchEvent(event);
    }"""
    page.evaluate(give, ["drop", "left.png"])
    page.evaluate(give, ["paste", "right.png"])

    expect(page.locator("#files b")).to_have_text(["left.png", "right.png"])
    expect(page.locator("#files .quiet").first).to_contain_text(f"60 {TIMES} 40")
    assert page.evaluate("document.getElementById('pictures').files.length") == 2


def test_it_works_without_script(open_check: Open, lights: list[Path]) -> None:
    page = open_check(script=False)
    page.set_input_files("#pictures", lights)
    submit(page)

    expect(page.locator("#result .decision")).to_be_visible()
    assert "/check/check_" in page.url


@pytest.mark.parametrize(("color_scheme", "width"), [("dark", 320), ("light", 1440)])
def test_every_state_passes_the_accessibility_check_and_fits_its_screen(
    open_check: Open, lights: list[Path], color_scheme: str, width: int
) -> None:
    page = open_check(width=width, color_scheme=color_scheme)

    def check(state: str) -> None:
        assert violations(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state

    check("empty")
    choose(page, *lights)
    check("chosen")
    submit(page)
    page.wait_for_selector("#result .decision")
    check("done")
