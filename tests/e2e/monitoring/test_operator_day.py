"""An operator looks on while a build is printed: all roles as processes, with the simulator, as `make demo` does."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from tests.integration.monitoring.conftest import ROOT

pytestmark = pytest.mark.e2e

LAYERS = 4
SLOW_MS = 90_000
# Whatever is said aloud, in order; a region that is set to the same text again is said again.
LISTEN = """window.said = [];
for (const region of document.querySelectorAll("#say-polite, #say-urgent"))
  new MutationObserver(() => region.textContent && said.push(region.textContent)).observe(region, {childList: true});
window.sameDocument = true;"""


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """The address of a demo that prints a few layers and stays up."""
    options = [
        "--layers",
        str(LAYERS),
        "--size",
        "256",
        "--period",
        "3",
        "--port",
        "0",
        "--run-dir",
        str(tmp_path / "run"),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo", "run", *options], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    try:
        yield address_in(tmp_path / "out")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


def address_in(out: Path) -> str:
    deadline = time.monotonic() + 30
    while (found := re.search(r"page +(\S+)/", out.read_text(encoding="utf-8"))) is None:
        assert time.monotonic() < deadline, out.read_text(encoding="utf-8")
        time.sleep(0.1)
    return found[1]


def open_when_it_serves(look: Callable[..., Page], address: str) -> Page:
    deadline = time.monotonic() + 60
    page = look("about:blank")
    while True:
        try:
            page.goto(address)
        except Error:  # the server is still starting
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return page


def test_a_build_is_watched_while_it_is_printed_and_then_looked_through_by_keyboard(
    demo: str, look: Callable[..., Page]
) -> None:
    page = open_when_it_serves(look, demo)
    page.wait_for_selector("body[data-link=live]")
    page.evaluate(LISTEN)

    expect(page.locator(".strip a.cell")).to_have_count(2 * LAYERS, timeout=SLOW_MS)
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"
    said = page.evaluate("said")
    assert said
    assert len(said) == len(set(said))

    tab_to(page, "a[href='/builds']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Builds", exact=True)).to_be_visible()
    tab_to(page, ".build-list a")
    page.keyboard.press("Enter")
    strip = page.get_by_role("slider", name="Layer", exact=True)
    expect(strip).to_have_attribute("aria-valuemax", str(LAYERS))
    page.wait_for_selector("body[data-link=live]")
    tab_to(page, "#layer-strip")
    page.keyboard.press("Home")
    expect(page.locator("#layer-name")).to_contain_text("Layer 1 ")
    for layer in range(2, LAYERS + 1):
        page.keyboard.press(".")
        expect(page.locator("#layer-name")).to_contain_text(f"Layer {layer} ")
        expect(page.locator("#pictures img")).to_have_attribute("alt", re.compile(rf"of layer {layer},"))
    assert page.evaluate("document.querySelector('#pictures img').naturalWidth") == 256


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not come to {selector}")
