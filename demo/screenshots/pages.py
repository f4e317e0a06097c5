"""Which pages are pictured, and what somebody does there first."""

from pathlib import Path
from typing import TYPE_CHECKING

from demo.screenshots.builds import PROFILE, TROUBLED
from demo.screenshots.camera import Shot

if TYPE_CHECKING:  # a demo alone needs no browser
    from playwright.sync_api import Page


def shots(page_url: str, login_url: str, incoming: Path) -> list[Shot]:
    """Return the pages in the order of the navigation."""
    build = f"{page_url}builds/{TROUBLED.printer}/{TROUBLED.build}?layer={TROUBLED.shown}&stage={TROUBLED.stage}"
    pictures = TROUBLED.pictures(incoming)

    def upload(page: "Page") -> None:
        page.get_by_label("Pictures of one layer").set_input_files(pictures)
        page.get_by_label("Kind of printer").select_option(PROFILE)
        page.get_by_label("Stage").select_option(TROUBLED.stage)
        page.get_by_role("button", name="Check this layer").click()

    def look_at_layer(page: "Page") -> None:
        page.wait_for_selector("#pictures img")
        page.locator("#layer").evaluate("panel => panel.scrollIntoView({behavior: 'instant'})")

    return [
        Shot(name="now", address=page_url, ready="body[data-link=live]"),
        Shot(name="builds", address=f"{page_url}builds", ready=".build-list"),
        Shot(name="build", address=build, ready="#pictures img"),
        Shot(name="layer", address=build, ready="#pictures img", prepare=look_at_layer),
        Shot(name="check", address=f"{page_url}check", ready="#result .decision", prepare=upload),
        Shot(name="login", address=f"{login_url}login", ready="#token"),
    ]
