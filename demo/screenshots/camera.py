"""A browser that takes pictures: each page in both themes, on a desk and on a phone."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from layerwatch.errors import LayerwatchError

if TYPE_CHECKING:  # a demo alone needs no browser
    from playwright.sync_api import Browser, Page

LARGEST_BYTES = 250_000
QUALITIES = (88, 80, 70, 60, 45)
READY_MS = 30_000
DECODE = "() => Promise.all([...document.images].filter(each => each.checkVisibility()).map(each => each.decode()))"
NO_PLAYWRIGHT = "screenshots need Playwright: pip install -e '.[dev]'"
NO_BROWSER = (
    "screenshots need Chromium, and none starts: apt-get install chromium, or `python -m playwright install chromium`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Width and height as a style sheet sees them, and how many dots of the picture each has a side."""

    name: str
    width: int
    height: int
    dots: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One page.

    Attributes:
        address: whole.
        ready: a selector that is there once the page shows what is to be seen.
        prepare: what a person does first.
    """

    name: str
    address: str
    ready: str
    prepare: Callable[["Page"], None] | None = None


SCREENS = (Screen(name="desktop", width=1440, height=900), Screen(name="phone", width=390, height=844, dots=2.0))
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@contextmanager
def open_browser() -> Iterator["Browser"]:
    """Start Chromium: the system's, or Playwright's own.

    Raises:
        LayerwatchError: there is none; the message says how to get one.
    """
    try:
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise LayerwatchError(NO_PLAYWRIGHT) from error
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=found,
                args=["--no-sandbox"] if os.geteuid() == 0 else [],
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except Error as error:
            raise LayerwatchError(f"{NO_BROWSER}\n{error.message.splitlines()[0]}") from error
        try:
            yield browser
        finally:
            browser.close()


def take(browser: "Browser", shots: Sequence[Shot], out: Path) -> Iterator[Path]:
    """Take every picture, one after the other, and yield its file: PAGE-SCREEN-THEME.jpg."""
    out.mkdir(parents=True, exist_ok=True)
    for shot, screen, theme in product(shots, SCREENS, THEMES):
        context = browser.new_context(
            viewport={"width": screen.width, "height": screen.height},
            device_scale_factor=screen.dots,
            color_scheme=theme,
            locale="en-GB",
            timezone_id="UTC",
            has_touch=screen.name == "phone",
            is_mobile=screen.name == "phone",
        )
        file = out / f"{shot.name}-{screen.name}-{theme}.jpg"
        file.write_bytes(_picture(context.new_page(), shot))
        context.close()
        yield file


def _picture(page: "Page", shot: Shot) -> bytes:
    page.set_default_timeout(READY_MS)
    page.goto(shot.address)
    if shot.prepare is not None:
        shot.prepare(page)
    page.wait_for_selector(shot.ready)
    page.evaluate(DECODE)
    for quality in QUALITIES:
        picture = page.screenshot(type="jpeg", quality=quality, animations="disabled")
        if len(picture) <= LARGEST_BYTES:
            break
    return picture
