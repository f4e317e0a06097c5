import asyncio
from ipaddress import ip_network
from pathlib import Path

import pytest
from fastapi import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from layerwatch.errors import SettingsError
from monitoring.settings import MonitoringSettings
from monitoring.web.access.gates import open_gate
from monitoring.web.access.listening import check_listening
from monitoring.web.access.proxies import TrustedProxies
from monitoring.web.access.rates import Rates
from monitoring.web.access.roles import LOCAL, Role, User
from monitoring.web.access.tokens import digest
from monitoring.web.access.user import needs
from monitoring.web.access.users_file import Entry, write_users

PROXY = "10.0.0.5"


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _nowhere(_: Message) -> None: ...


def request_from(address: str = "127.0.0.1", **headers: str) -> Request:
    """A request as it is behind TrustedProxies; `x_forwarded_for="..."` becomes a header."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - as ASGI wants it
        seen.append(scope)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/", "client": (address, 1), "headers": raw}
    proxies = TrustedProxies(app, trusted=[ip_network(f"{PROXY}/32")])
    asyncio.run(proxies(scope, _nothing, _nowhere))
    return Request(seen[0])


def settings_in(folder: Path, **values: object) -> MonitoringSettings:
    return MonitoringSettings(users_file=folder / "users.toml", **values)  # type: ignore[arg-type]


def refused(gate_settings: MonitoringSettings, request: Request) -> int:
    with pytest.raises(HTTPException) as error:
        open_gate(gate_settings, Rates(checks_per_minute=1)).user(request)
    return error.value.status_code


def user(gate_settings: MonitoringSettings, request: Request) -> User | None:
    return open_gate(gate_settings, Rates(checks_per_minute=1)).user(request)


def test_on_this_machine_nobody_logs_in(tmp_path: Path) -> None:
    assert user(settings_in(tmp_path), request_from()) is LOCAL


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_forwarded_host"])
def test_a_proxy_in_front_of_a_page_without_logins_is_refused(tmp_path: Path, header: str) -> None:
    assert refused(settings_in(tmp_path), request_from(**{header: "203.0.113.9"})) == 403


def test_a_token_comes_in_a_header_or_a_cookie(tmp_path: Path) -> None:
    write_users(tmp_path / "users.toml", [Entry(name="anna", role=Role.OPERATOR, token_sha256=digest("sesame"))])
    settings = settings_in(tmp_path, access="token")

    assert user(settings, request_from()) is None
    assert user(settings, request_from(cookie="layerwatch=wrong")) is None
    assert user(settings, request_from(authorization="Basic sesame")) is None
    assert user(settings, request_from(authorization="bearer sesame")) == User(name="anna", role=Role.OPERATOR)
    by_cookie = user(settings, request_from(cookie="layerwatch=sesame"))
    assert by_cookie == User(name="anna", role=Role.OPERATOR, logs_out=True)
    assert refused(settings, request_from(authorization="Bearer wrong")) == 401


def test_by_https_only_the_cookie_that_https_alone_can_set_counts(tmp_path: Path) -> None:
    write_users(tmp_path / "users.toml", [Entry(name="anna", role=Role.OPERATOR, token_sha256=digest("sesame"))])
    settings = settings_in(tmp_path, access="token")

    assert user(settings, request_from(PROXY, x_forwarded_proto="https", cookie="layerwatch=sesame")) is None
    assert user(settings, request_from(PROXY, x_forwarded_proto="https", cookie="__Host-layerwatch=sesame"))


def test_a_user_without_a_token_cannot_be_guessed_by_an_empty_one(tmp_path: Path) -> None:
    write_users(tmp_path / "users.toml", [Entry(name="ben", role=Role.ENGINEER)])

    assert refused(settings_in(tmp_path, access="token"), request_from(authorization="Bearer ")) == 401


def proxied(folder: Path, **values: object) -> MonitoringSettings:
    return settings_in(folder, access="proxy", trusted_proxies=PROXY, **values)


def test_the_proxy_names_the_user_and_nobody_else_does(tmp_path: Path) -> None:
    settings = proxied(tmp_path)

    assert user(settings, request_from(PROXY, x_forwarded_user="jörg")) == User(name="jörg", role=Role.VIEWER)
    assert user(settings, request_from(PROXY)) is None
    assert user(settings, request_from(PROXY, x_forwarded_user="")) is None
    assert refused(settings, request_from("10.0.0.6", x_forwarded_user="anna")) == 403
    assert refused(settings, request_from("not-an-address", x_forwarded_user="anna")) == 403


def test_a_client_cannot_become_the_proxy_by_naming_it(tmp_path: Path) -> None:
    claimed = request_from("10.0.0.6", x_forwarded_for=PROXY, x_forwarded_user="anna")

    assert refused(proxied(tmp_path), claimed) == 403


def test_a_role_comes_from_the_header_then_the_users_file_then_the_default(tmp_path: Path) -> None:
    write_users(tmp_path / "users.toml", [Entry(name="anna", role=Role.OPERATOR)])
    settings = proxied(tmp_path, proxy_role_header="X-Role", proxy_default_role="viewer")

    def role(**headers: str) -> Role | None:
        found = user(settings, request_from(PROXY, **headers))
        return found.role if found else None

    assert role(x_forwarded_user="anna", x_role="Engineer") is Role.ENGINEER
    assert role(x_forwarded_user="anna") is Role.OPERATOR
    assert role(x_forwarded_user="ben") is Role.VIEWER
    assert refused(settings, request_from(PROXY, x_forwarded_user="anna", x_role="boss")) == 403


def test_a_role_header_that_was_not_asked_for_gives_no_role(tmp_path: Path) -> None:
    found = user(proxied(tmp_path), request_from(PROXY, x_forwarded_user="anna", x_forwarded_role="engineer"))

    assert found == User(name="anna", role=Role.VIEWER)


def test_a_user_that_the_client_claims_beside_the_proxy_is_refused(tmp_path: Path) -> None:
    request = request_from(PROXY, x_forwarded_user="anna")
    request.scope["headers"].append((b"x-forwarded-user", b"boss"))
    with pytest.raises(HTTPException, match="more than once"):
        user(proxied(tmp_path), Request(request.scope))


def test_the_address_behind_a_trusted_proxy_is_the_clients_and_else_the_peers() -> None:
    behind = request_from(PROXY, x_forwarded_for="203.0.113.9", x_forwarded_proto="https")
    claimed = request_from("10.0.0.6", x_forwarded_for="203.0.113.9", x_forwarded_proto="https")

    assert (behind.client and behind.client.host, behind.scope["scheme"]) == ("203.0.113.9", "https")
    assert (claimed.client and claimed.client.host, claimed.scope["scheme"]) == ("10.0.0.6", "http")


def test_a_proxy_that_nobody_named_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MONITORING_TRUSTED_PROXIES"):
        open_gate(settings_in(tmp_path, access="proxy"), Rates(checks_per_minute=1))


def test_a_spoiled_users_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "users.toml").write_text("users = 7")

    with pytest.raises(SettingsError, match="users"):
        open_gate(settings_in(tmp_path, access="token"), Rates(checks_per_minute=1))


def test_trusted_proxies_are_addresses_and_networks_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING_TRUSTED_PROXIES", "10.0.0.5, 10.1.0.0/16,::1")

    assert list(map(str, MonitoringSettings().trusted_proxies)) == ["10.0.0.5/32", "10.1.0.0/16", "::1/128"]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.7", "fe80::1%eth0"])  # noqa: S104 - nothing listens
def test_without_logins_the_page_listens_to_this_machine_alone(address: str) -> None:
    with pytest.raises(SettingsError, match=r"python -m monitoring token NAME --role operator"):
        check_listening("local", address)
    check_listening("token", address)
    check_listening("proxy", address)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_may_always_ask(address: str) -> None:
    check_listening("local", address)


def test_a_request_that_no_access_control_saw_is_nobodys() -> None:
    with pytest.raises(HTTPException) as error:
        needs(Role.VIEWER)(request_from())

    assert error.value.status_code == 401
