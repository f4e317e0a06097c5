"""A page that asks for a token, as a process; users come and go by the command."""

import json
from collections.abc import Callable

import httpx
import pytest

from tests.integration.monitoring.access.conftest import Place
from tests.integration.monitoring.conftest import Process

BROWSER = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture(scope="module")
def place(open_page: Callable[..., Place]) -> Place:
    """A page as in a hall, behind a proxy at 127.0.0.2 that only brings https."""
    return open_page(MONITORING_ACCESS="token", MONITORING_HOST="0.0.0.0", MONITORING_TRUSTED_PROXIES="127.0.0.2")  # noqa: S104


@pytest.fixture(scope="module")
def engineer(place: Place) -> str:
    return place.token("erin", "--role", "engineer")


def test_without_a_login_pages_lead_to_it_and_programs_are_told(place: Place) -> None:
    with place.client() as client:
        page = client.get("/builds/m290/job%2042?layer=7&stage=melt", headers=BROWSER)
        piece = client.get("/live?after=0-0", headers={"Accept": "text/html", "Sec-Fetch-Mode": "cors"})
        answers = {
            path: client.get(path, headers=BROWSER) for path in ("/api/verdicts", "/openapi.json", "/artifacts/a")
        }
        picture = client.get("/artifacts/a", headers={"Accept": "image/*"})

    assert page.status_code == 303
    assert page.headers["location"] == "/login?next=/builds/m290/job%252042%3Flayer%3D7%26stage%3Dmelt"
    assert (piece.status_code, picture.status_code) == (401, 401)
    assert answers["/api/verdicts"].status_code == 401
    assert answers["/api/verdicts"].headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer" in answers["/api/verdicts"].json()["detail"]
    assert answers["/openapi.json"].status_code == 303


def test_what_supervisors_and_prometheus_ask_for_is_open_and_nothing_beside_it(place: Place) -> None:
    with place.client() as client:
        found = {
            path: client.get(path).status_code
            for path in ("/health", "/metrics", "/static/style.css", "/login", "/static/../api/session", "/Health", "/")
        }

    assert found == {
        "/health": 503,  # there is no Redis
        "/metrics": 200,
        "/static/style.css": 200,
        "/login": 200,
        "/static/../api/session": 401,
        "/Health": 401,
        "/": 401,
    }


def test_a_program_sends_its_token_and_is_asked_who_it_is(place: Place, engineer: str) -> None:
    with place.client(engineer) as client:
        assert client.get("/api/session").json() == {"name": "erin", "role": "engineer", "local": False}
    with place.client("wrong") as client:
        refused = client.get("/api/session")

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"


def test_a_browser_logs_in_goes_on_to_where_it_wanted_and_out_again(place: Place, engineer: str) -> None:
    with place.client() as client:
        in_ = client.post("/login", data={"token": f" {engineer}\n", "next": "/api/session"})
        cookie = in_.headers["set-cookie"]
        there = client.get(in_.headers["location"])
        out = client.post("/logout")
        after = client.get("/api/session")

    assert (in_.status_code, in_.headers["location"], in_.headers["cache-control"]) == (303, "/api/session", "no-store")
    assert cookie.startswith(f"layerwatch={engineer}; ")
    assert set(cookie.split("; ")[1:]) == {"HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=strict"}
    assert there.json()["name"] == "erin"
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert after.status_code == 401


def test_after_the_login_nobody_is_sent_elsewhere(place: Place, engineer: str) -> None:
    with place.client() as client:
        answer = client.post("/login", data={"token": engineer, "next": "//evil.example/"})
        again = client.get("/login?next=https://evil.example/")

    assert answer.headers["location"] == "/"
    assert again.headers["location"] == "/"


def test_a_role_may_do_no_more_than_it_may(place: Place) -> None:
    viewer = place.token("vera")

    with place.client(viewer) as client:
        refused = client.get("/api/audit")

    assert refused.status_code == 403
    assert refused.json()["detail"] == "this takes the role engineer; vera is a viewer"


def test_a_removed_user_is_out_at_once_and_so_is_an_old_token(place: Place) -> None:
    first = place.token("otto", "--role", "operator")
    with place.client(first) as client:
        before = client.get("/api/session").status_code
        second = place.token("otto")
        renewed = client.get("/api/session").status_code
    with place.client(second) as client:
        role = client.get("/api/session").json()["role"]
        place.token("--remove", "otto")
        removed = client.get("/api/session").status_code

    assert (before, renewed, role, removed) == (200, 401, "operator", 401)


def test_an_open_event_stream_ends_when_its_user_is_removed(place: Place) -> None:
    token = place.token("sam")

    with place.client(token) as client, client.stream("GET", "/api/events") as response:
        lines = response.iter_lines()
        began = next(lines)
        place.token("--remove", "sam")
        rest = list(lines)

    assert began == "retry: 1000"
    assert response.status_code == 200
    assert len(rest) < 10
    assert "Traceback" not in place.process.said()


@pytest.mark.usefixtures("within_a_minute")
def test_wrong_tokens_are_counted_and_keep_nobody_with_a_right_one_out(place: Place) -> None:
    token = place.token("anna")

    with place.client(speaking_from="127.0.0.9") as client:
        wrong = [client.post("/login", data={"token": f"wrong {number}"}).status_code for number in range(12)]
        last = client.get("/api/session", headers={"Authorization": "Bearer wrong"})
        right = client.post("/login", data={"token": token})

    assert wrong == [401] * 10 + [429] * 2
    assert last.status_code == 429
    assert 1 <= int(last.headers["retry-after"]) <= 120
    assert "logins that failed" in last.json()["detail"]
    assert right.status_code == 303


def test_who_comes_and_goes_is_written_down_and_engineers_read_it(place: Place) -> None:
    token = place.token("ewa", "--role", "engineer")

    with place.client(speaking_from="127.0.0.8") as client:
        client.post("/login", data={"token": "a-wrong-token"})
        client.post("/login", data={"token": token})
        client.post("/logout")
    with place.client(token) as client:
        entries = client.get("/api/audit?limit=2").json()["entries"]

    assert [(each["user"], each["action"], each["outcome"]) for each in entries] == [
        ("ewa", "log out", "allowed"),
        ("ewa", "log in", "allowed"),
    ]
    lines = [json.loads(line) for line in (place.folder / "audit.jsonl").read_text().splitlines()[-3:]]
    assert [line["outcome"] for line in lines] == ["refused", "allowed", "allowed"]
    assert lines[0].keys() == {"time", "user", "role", "address", "action", "subject", "outcome"}
    assert {line["address"] for line in lines} == {"127.0.0.8"}


def test_no_token_is_ever_written_anywhere_or_shown(place: Place, engineer: str) -> None:
    token, wrong = engineer, "a-wrong-token-that-may-be-another-password"

    shown: list[httpx.Response] = []
    with place.client() as client:
        shown.append(client.post("/login", data={"token": wrong}))
        shown.append(client.post("/login", data={"token": wrong}, headers={"Sec-Fetch-Site": "cross-site"}))
        shown.append(client.post("/login", data={"token": token, "next": "\x00"}))
        shown += [client.get(path) for path in ("/", "/login", "/api/session", "/api/audit", "/metrics", "/nothing")]
        shown.append(client.post("/login", content=b"token=" + wrong.encode() * 2000))
    with place.client(wrong) as client:
        shown.append(client.get("/api/session"))
    listed = place.token("--list")

    texts = [place.written(), listed, *(answer.text for answer in shown)]
    assert len(place.written()) > 100
    assert [text for text in texts if token in text or wrong in text] == []


def test_without_access_control_the_page_does_not_listen_beyond_this_machine(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    process = Process(tmp_path_factory.mktemp("beyond"), ("serve", "--host", "0.0.0.0", "--port", "0"), {})  # noqa: S104

    assert process.popen.wait(timeout=20) == 2
    assert process.lines() == []
    assert "MONITORING_ACCESS is local" in process.said()
    assert "python -m monitoring token NAME" in process.said()
    assert len(process.said().splitlines()) == 1


@pytest.mark.parametrize("arguments", [(), ("anna", "--list"), ("--list", "--role", "viewer"), ("local",), ("a\nb",)])
def test_a_command_that_makes_no_sense_makes_no_user(place: Place, arguments: tuple[str, ...]) -> None:
    before = place.token("--list")

    assert place.command(*arguments) == (2, "")
    assert place.token("--list") == before


def test_removing_nobody_says_so(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.command("--remove", "nobody") == (2, "")
    assert "has no user 'nobody'" in capsys.readouterr().err


def test_by_https_the_cookie_belongs_to_https_alone(place: Place, engineer: str) -> None:
    with place.client(speaking_from="127.0.0.2") as proxy:
        https = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        cookie = proxy.post("/login", data={"token": engineer}, headers=https).headers["set-cookie"]

    assert cookie.startswith(f"__Host-layerwatch={engineer}; ")
    assert "Secure" in cookie.split("; ")
    assert "Path=/" in cookie.split("; ")
    assert "Domain" not in cookie
