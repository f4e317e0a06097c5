"""Logging in and out in a real browser, by keyboard, in both themes, and over plain http under a name."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from monitoring.web.access.roles import Role
from monitoring.web.access.tokens import digest
from monitoring.web.access.users_file import Entry, write_users
from tests.e2e.monitoring.conftest import ARGUMENTS, CHROMIUM

TOKEN = "the-token-of-anna"  # noqa: S105 - of this test
NAME = "press.example"
ANNA = Entry(name="anna", role=Role.OPERATOR, token_sha256=digest(TOKEN))
Look = Callable[..., Page]


@pytest.fixture
def start_page(start: Callable[..., Any], tmp_path: Path) -> Callable[..., str]:
    """Starts a page that asks for a token, and returns its address; no Redis is needed to log in."""

    def run(*users: Entry) -> str:
        write_users(tmp_path / "users.toml", users)
        serve = start("serve", "--port", "0", url="redis://127.0.0.1:1/0", MONITORING_ACCESS="token")
        return str(serve.address())

    return run


def test_the_keyboard_alone_logs_in_and_out(look: Look, start_page: Callable[..., str]) -> None:
    address = start_page(ANNA)
    page = look(f"{address}/?layer=7")
    assert page.url == f"{address}/login?next=/%3Flayer%3D7"

    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/?layer=7")
    expect(page.get_by_role("banner")).to_contain_text("anna operator")
    assert page.context.cookies()[0]["sameSite"] == "Strict"
    assert page.evaluate("document.cookie") == ""

    page.get_by_role("button", name="Log out").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/login")
    page.goto(address)
    assert page.url == f"{address}/login?next=/"


def test_a_page_left_open_leads_to_the_login_when_its_user_is_removed(
    quiet_page: Page, start_page: Callable[..., str], tmp_path: Path
) -> None:
    address = start_page(ANNA)
    quiet_page.goto(f"{address}/login")
    quiet_page.get_by_label("Token").fill(TOKEN)
    quiet_page.get_by_label("Token").press("Enter")
    quiet_page.wait_for_url(f"{address}/")

    write_users(tmp_path / "users.toml", [])
    quiet_page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when somebody comes back to it

    quiet_page.wait_for_url(f"{address}/login?next=/")


@pytest.fixture
def quiet_page(browser: Browser) -> Iterator[Page]:
    """A page whose console may note a 401: a browser itself does."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    yield page
    page.close()


def test_a_wrong_token_is_said_where_the_right_one_goes(quiet_page: Page, start_page: Callable[..., str]) -> None:
    quiet_page.goto(f"{start_page(ANNA)}/login?next=/builds")
    quiet_page.get_by_label("Token").fill("wrong")
    quiet_page.get_by_role("button", name="Log in").click()

    field = quiet_page.get_by_label("Token")
    expect(quiet_page.get_by_role("alert").filter(has_text="Nobody has this token")).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("")
    assert "Nobody has this token" in quiet_page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-describedby').split(' ')[0]).textContent"
    )
    assert Axe().run(quiet_page).response["violations"] == []
    field.fill(TOKEN)
    field.press("Enter")
    quiet_page.wait_for_url("**/builds")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out_of_the_form(look: Look, start_page: Callable[..., str], scheme: str) -> None:
    page = look(f"{start_page()}/login", width=320, color_scheme=scheme)

    expect(page.get_by_role("main")).to_contain_text("python -m monitoring token NAME --role engineer")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for control in (page.get_by_label("Token"), page.get_by_role("button", name="Log in")):
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_is_logged_in_is_shown_to_everybody(look: Look, start_page: Callable[..., str], scheme: str) -> None:
    address = start_page(ANNA)
    page = look(f"{address}/login", width=320, color_scheme=scheme)
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_label("Token").press("Enter")
    page.wait_for_url(f"{address}/")  # with its style sheet: what is there before has no widths to speak of
    expect(page.get_by_role("button", name="Log out")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert Axe().run(page).response["violations"] == []


def test_over_plain_http_under_a_name_a_browser_tells_no_site_and_its_forms_work(
    browser: Browser, start_page: Callable[..., str]
) -> None:
    """There is no Sec-Fetch-Site there, and with a strict referrer policy Origin would be `null`."""
    port = start_page(ANNA).rpartition(":")[2]
    arguments = [*ARGUMENTS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    own = browser.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    page = own.new_page()
    sent: list[dict[str, str]] = []
    page.on("request", lambda request: sent.append(request.all_headers()) if request.method == "POST" else None)
    page.goto(f"http://{NAME}:{port}/login")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_label("Token").press("Enter")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    own.close()

    assert [headers.get("origin") for headers in sent] == [f"http://{NAME}:{port}"] * 2
    assert all("sec-fetch-site" not in headers for headers in sent)
