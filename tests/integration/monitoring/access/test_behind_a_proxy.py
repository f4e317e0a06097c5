"""A page behind a reverse proxy, which this test plays: it speaks from a trusted address, or from another one."""

from collections.abc import Callable

import pytest

from tests.integration.monitoring.access.conftest import Place

HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.fixture(scope="module")
def place(open_page: Callable[..., Place]) -> Place:
    return open_page(
        MONITORING_ACCESS="proxy",
        MONITORING_HOST="0.0.0.0",  # noqa: S104 - as in a hall
        MONITORING_TRUSTED_PROXIES="127.0.0.2",
        MONITORING_PROXY_USER_HEADER="X-Remote-User",
        MONITORING_PROXY_ROLE_HEADER="X-Remote-Role",
    )


def test_the_proxy_says_who_it_is_and_in_which_role(place: Place) -> None:
    with place.client(speaking_from="127.0.0.2") as proxy:
        anna = proxy.get("/api/session", headers={"X-Remote-User": "anna", "X-Remote-Role": "operator"})
        ben = proxy.get("/api/session", headers={"X-Remote-User": "ben"})
        nobody = proxy.get("/api/session")
        page = proxy.get("/", headers={"X-Remote-User": "anna", "Accept": "text/html"})

    assert anna.json() == {"name": "anna", "role": "operator", "local": False}
    assert ben.json() == {"name": "ben", "role": "viewer", "local": False}
    assert nobody.status_code == 401
    assert ">Log out<" not in page.text
    assert "anna" in page.text


def test_from_anywhere_else_the_same_words_are_worth_nothing(place: Place) -> None:
    with place.client() as other:
        refused = other.get("/api/session", headers={"X-Remote-User": "anna", "X-Forwarded-For": "127.0.0.2"})
        health = other.get("/health")

    assert refused.status_code == 403
    assert "its reverse proxy alone" in refused.json()["detail"]
    assert health.status_code == 503  # answered, but there is no Redis


def test_what_is_written_down_is_the_address_of_the_client(place: Place) -> None:
    headers = {"X-Remote-User": "erin", "X-Remote-Role": "engineer", **HTTPS}
    with place.client(speaking_from="127.0.0.2") as proxy:
        proxy.post("/api/session", headers=headers | {"Sec-Fetch-Site": "cross-site"})

    assert "203.0.113.9" in place.process.said()


def test_https_alone_is_remembered_and_only_a_trusted_proxy_says_that_it_is(place: Place) -> None:
    with place.client(speaking_from="127.0.0.2") as proxy:
        by_https = proxy.get("/health", headers=HTTPS).headers
        by_http = proxy.get("/health").headers
    with place.client() as other:
        claimed = other.get("/health", headers=HTTPS).headers

    assert by_https["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in by_http
    assert "strict-transport-security" not in claimed
    assert by_http["content-security-policy"] == by_https["content-security-policy"]
    assert "form-action 'self'" in by_http["content-security-policy"]


def test_nobody_logs_in_on_a_page_whose_proxy_does_it(place: Place) -> None:
    with place.client(speaking_from="127.0.0.2") as proxy:
        assert proxy.get("/login").status_code == 404
        assert proxy.post("/login", data={"token": "a"}).status_code == 404
