import pytest
from starlette.datastructures import Headers

from monitoring.web.access.cross_site import comes_from_elsewhere

HOST = {"host": "press.example:8000"}


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_page_itself_and_a_typed_address_may_write(site: str) -> None:
    assert not comes_from_elsewhere("POST", Headers(HOST | {"sec-fetch-site": site}))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "anything"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_a_page_of_another_site_may_not_write(site: str, method: str) -> None:
    assert comes_from_elsewhere(method, Headers(HOST | {"sec-fetch-site": site}))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_page_of_another_site_may_link_here(method: str) -> None:
    assert not comes_from_elsewhere(method, Headers(HOST | {"sec-fetch-site": "cross-site", "origin": "https://evil"}))


@pytest.mark.parametrize("origin", ["http://press.example:8000", "https://PRESS.example:8000"])
def test_where_a_browser_does_not_say_the_site_its_origin_counts(origin: str) -> None:
    assert not comes_from_elsewhere("POST", Headers(HOST | {"origin": origin}))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://press.example",
        "http://press.example:8001",
        "null",
        "",
        "http://[",
        "press.example:8000",
    ],
)
def test_another_origin_or_none_that_can_be_told_may_not_write(origin: str) -> None:
    assert comes_from_elsewhere("POST", Headers(HOST | {"origin": origin}))


def test_what_the_browser_says_of_the_site_wins_over_the_origin() -> None:
    told = HOST | {"sec-fetch-site": "cross-site", "origin": "http://press.example:8000"}

    assert comes_from_elsewhere("POST", Headers(told))


def test_a_program_sends_neither_and_may_write() -> None:
    assert not comes_from_elsewhere("POST", Headers(HOST))
