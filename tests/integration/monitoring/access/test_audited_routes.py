"""What parts of the page call to have something allowed, limited and written down."""

from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from monitoring.settings import MonitoringSettings
from monitoring.web.access.audit import audit
from monitoring.web.access.limited import limited
from monitoring.web.access.rates import Rate
from monitoring.web.access.tokens import digest
from monitoring.web.access.user import Operator, Role
from monitoring.web.access.users_file import Entry, write_users
from monitoring.web.app import create_app


def an_app(folder: Path) -> FastAPI:
    """The page, with a route as other parts have them."""
    users = [Entry(name=role, role=role, token_sha256=digest(role)) for role in Role]
    write_users(folder / "users.toml", users)
    app = create_app(
        MonitoringSettings(
            redis_url="redis://127.0.0.1:1/0",
            artifacts_dir=folder,
            access="token",
            users_file=folder / "users.toml",
            audit_file=folder / "audit" / "audit.jsonl",
            checks_per_minute=2,
        )
    )
    app.state.done = []

    @app.post("/api/try/{subject}", dependencies=[limited(Rate.CHECK)])
    def try_it(request: Request, subject: str, user: Operator) -> str:
        audit(request, "try", subject)
        request.app.state.done.append(subject)
        return user.name

    return app


def client_of(app: FastAPI, role: Role) -> TestClient:
    return TestClient(app, base_url="http://localhost", headers={"Authorization": f"Bearer {role}"})


def test_an_operator_does_it_and_it_is_written_down(tmp_path: Path) -> None:
    app = an_app(tmp_path)

    answer = client_of(app, Role.OPERATOR).post("/api/try/m290_job42_000123_melt")
    entries = client_of(app, Role.ENGINEER).get("/api/audit").json()["entries"]

    assert answer.json() == "operator"
    assert [(each["user"], each["action"], each["subject"]) for each in entries] == [
        ("operator", "try", "m290_job42_000123_melt")
    ]


def test_a_viewer_does_not_and_that_is_written_down_too(tmp_path: Path) -> None:
    app = an_app(tmp_path)

    answer = client_of(app, Role.VIEWER).post("/api/try/a")
    entries = client_of(app, Role.ENGINEER).get("/api/audit").json()["entries"]

    assert answer.status_code == 403
    assert answer.json()["detail"] == "this takes the role operator; viewer is a viewer"
    assert app.state.done == []
    assert [(each["user"], each["action"], each["outcome"]) for each in entries] == [
        ("viewer", "POST /api/try/a", "refused")
    ]


def test_what_cannot_be_written_down_is_not_done(tmp_path: Path) -> None:
    app = an_app(tmp_path)
    (tmp_path / "audit").write_text("a file where a folder should be")

    answer = client_of(app, Role.OPERATOR).post("/api/try/a")
    log_in = client_of(app, Role.OPERATOR).post("/login", data={"token": Role.OPERATOR}, follow_redirects=False)

    assert answer.status_code == 503
    assert "nothing was changed" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "10"
    assert app.state.done == []
    assert log_in.status_code == 303


@pytest.mark.usefixtures("within_a_minute")
def test_checks_are_limited_for_each_user(tmp_path: Path) -> None:
    app = an_app(tmp_path)
    operator, engineer = client_of(app, Role.OPERATOR), client_of(app, Role.ENGINEER)

    found = [operator.post("/api/try/a").status_code for _ in range(3)]

    assert found == [200, 200, 429]
    assert engineer.post("/api/try/a").status_code == 200
    assert "too many checks: at most 2 a minute" in operator.post("/api/try/a").json()["detail"]


@pytest.mark.usefixtures("within_a_minute")
def test_a_user_changes_so_much_a_minute_and_no_more(tmp_path: Path) -> None:
    viewer = client_of(an_app(tmp_path), Role.VIEWER)

    found = [viewer.post("/api/nothing").status_code for _ in range(121)]

    assert found == [404] * 120 + [429]
    assert viewer.get("/api/session").status_code == 200


def test_a_proxy_in_front_of_a_page_without_logins_gets_nothing(tmp_path: Path) -> None:
    settings = MonitoringSettings(redis_url="redis://127.0.0.1:1/0", audit_file=tmp_path / "audit.jsonl")
    client = TestClient(create_app(settings), base_url="http://localhost")

    answer = client.get("/api/session", headers={"X-Forwarded-For": "203.0.113.9"})

    assert answer.status_code == 403
    assert "MONITORING_ACCESS" in answer.json()["detail"]


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_another_site_writes_nothing_even_where_nobody_logs_in(tmp_path: Path, headers: dict[str, str]) -> None:
    settings = MonitoringSettings(redis_url="redis://127.0.0.1:1/0", audit_file=tmp_path / "audit.jsonl")
    client = TestClient(create_app(settings), base_url="http://localhost")

    refused = client.post("/api/session", headers=headers)

    assert refused.status_code == 403
    assert "another site" in refused.json()["detail"]
    assert client.post("/api/session").status_code == 405
    assert client.get("/api/session", headers=headers).json() == {"name": "local", "role": "engineer", "local": True}
