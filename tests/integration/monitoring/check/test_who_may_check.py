"""Who may upload, how often, and what is written down of it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from rq import Queue

from monitoring.web.access.roles import Role
from monitoring.web.access.tokens import digest
from monitoring.web.access.users_file import Entry, write_users
from tests.integration.monitoring.check.conftest import Shop, three_lights

pytestmark = pytest.mark.redis
NOW = {"wait": "0"}


@pytest.fixture(scope="module")
def audit_file(idle_shop: Shop) -> Path:
    return idle_shop.folder / "who.jsonl"


@pytest.fixture(scope="module")
def guarded(idle_shop: Shop, audit_file: Path) -> Iterator[dict[Role, httpx.Client]]:
    """Clients of a page that asks for a token, by their roles; two checks a minute are taken of each."""
    users = [Entry(name=f"some-{role}", role=role, token_sha256=digest(role)) for role in Role]
    write_users(idle_shop.folder / "users.toml", users)
    page = idle_shop.page(
        MONITORING_ACCESS="token", MONITORING_AUDIT_FILE=str(audit_file), MONITORING_CHECKS_PER_MINUTE="2"
    )
    with ExitStack() as stack:
        yield {
            role: stack.enter_context(
                httpx.Client(base_url=page.base_url, headers={"Authorization": f"Bearer {role}"}, timeout=60)
            )
            for role in Role
        }


def test_a_viewer_reads_results_and_a_note_in_place_of_the_form(guarded: dict[Role, httpx.Client], jobs: Queue) -> None:
    sent = guarded[Role.ENGINEER].post("/api/inspect", files=three_lights(), data=NOW)

    page = guarded[Role.VIEWER].get("/check")
    refused = guarded[Role.VIEWER].post("/api/inspect", files=three_lights(), data=NOW)
    read = guarded[Role.VIEWER].get(sent.headers["location"])

    assert "takes the role operator; some-viewer is a viewer" in page.text
    assert "<form" not in page.text.partition("<main")[2]
    assert refused.status_code == 403
    assert read.json()["state"] == "queued"
    assert len(jobs) == 1


@pytest.mark.usefixtures("within_a_minute")
def test_an_operator_may_and_it_is_written_down_so_often_and_not_oftener(
    guarded: dict[Role, httpx.Client], jobs: Queue, audit_file: Path
) -> None:
    answers = [
        guarded[Role.OPERATOR].post("/api/inspect", files=three_lights(seed=number), data=NOW) for number in range(3)
    ]

    written = [json.loads(line) for line in audit_file.read_text(encoding="utf-8").splitlines()]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert "at most 2 a minute" in answers[2].json()["detail"]
    assert [(each["action"], each["subject"]) for each in written if each["user"] == "some-operator"] == [
        ("check", answer.json()["id"]) for answer in answers[:2]
    ]
    assert len(jobs) == 2


def test_what_cannot_be_written_down_is_not_queued(idle_shop: Shop, jobs: Queue) -> None:
    (idle_shop.folder / "no-folder").write_text("a file", encoding="utf-8")
    page = idle_shop.page(MONITORING_AUDIT_FILE=str(idle_shop.folder / "no-folder" / "audit.jsonl"))

    answer = page.post("/api/inspect", files=three_lights(), data=NOW)

    assert answer.status_code == 503
    assert len(jobs) == 0
