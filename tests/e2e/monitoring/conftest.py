"""A real browser that looks at the page, and builders of what it is shown."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from redis import Redis

from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from tests.integration.monitoring.conftest import eventually, start
from tests.unit.monitoring.conftest import some_verdict

__all__ = ["eventually", "some_verdict", "start"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SERVER_AWAY = "net::ERR_"  # the browser itself notes every attempt to reconnect


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium with a fresh profile."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages; `look(url, width=320, color_scheme="dark")`. Whatever the console complains about fails the test."""
    complaints: list[str] = []
    pages: list[Page] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and SERVER_AWAY not in message.text:
            complaints.append(message.text)

    def open_page(url: str, *, width: int = 1280, height: int = 800, color_scheme: str = "light") -> Page:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=color_scheme)  # type: ignore[arg-type]  # a literal there
        pages.append(page)
        page.set_default_timeout(10_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


@pytest.fixture
def publish(tmp_path: Path) -> Callable[[Redis, Verdict], None]:
    """Does what a worker does at the end: an overlay into the artifacts folder, then the verdict."""

    def run(client: Redis, verdict: Verdict) -> None:
        if verdict.artifacts.overlay is not None:
            file = tmp_path / "artifacts" / verdict.artifacts.overlay
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(drawn_overlay(verdict))
        assert RedisResults(client).publish(verdict)

    return run


def drawn_overlay(verdict: Verdict) -> bytes:
    """Return a JPEG of powder and four parts, with the regions of a verdict in a bright colour."""
    noise = np.random.default_rng(verdict.layer)
    grey = cv2.resize(noise.normal(118, 20, (160, 160)).astype(np.float32), (640, 640), interpolation=cv2.INTER_CUBIC)
    for x, y in ((110, 110), (350, 110), (110, 350), (350, 350)):
        grey[y : y + 180, x : x + 180] = 70 + noise.normal(0, 4, (180, 180))
    picture = cv2.cvtColor(np.clip(grey, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    for region in verdict.regions:
        x, y, width, height = (int(side * 0.64) for side in region.bbox)
        cv2.rectangle(picture, (x, y), (x + width + 8, y + height + 8), (0, 170, 255), -1)
    encoded: bytes = cv2.imencode(".jpg", picture)[1].tobytes()
    return encoded
