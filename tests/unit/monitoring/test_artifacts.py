from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from layerwatch.verdict import ArtifactPaths, Verdict
from monitoring.rows import row_of
from monitoring.settings import MonitoringSettings
from monitoring.web.app import create_app
from monitoring.web.artifacts import artifact_file, overlay_url
from monitoring.web.headers import allowed_hosts

VerdictMaker = Callable[..., Verdict]

OVERLAY = "m290/job42/000001_melt/overlay.jpg"
REFUSED = [
    "../secret.txt",
    "m290/job42/000001_melt/../../../../secret.txt",
    "m290/../m290/job42/000001_melt/overlay.jpg",
    "/etc/passwd",
    "//etc/passwd",
    "m290/job42/000001_melt/notes.txt",
    "m290/job42/000001_melt/overlay.jpg/",
    "m290/job42/000001_melt/overlay.jpg\0.png",
    "m290/job42/000001_melt/OVERLAY.JPG",
    "m290/job42/000001_melt",
    "m290/job42/000002_melt/overlay.jpg",
    "overlay.jpg",
    "",
]


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """An artifacts folder with one layer, and a secret beside it."""
    root = tmp_path / "artifacts"
    (root / OVERLAY).parent.mkdir(parents=True)
    (root / OVERLAY).write_bytes(b"\xff\xd8 a picture")
    (root / OVERLAY).with_name("notes.txt").write_text("not for readers")
    (tmp_path / "secret.txt").write_text("secret")
    return root


@pytest.fixture
def client(artifacts: Path) -> TestClient:
    """The page without its feed: the context manager that would start it is not entered."""
    settings = MonitoringSettings(artifacts_dir=artifacts, redis_url="redis://127.0.0.1:1/0")
    return TestClient(create_app(settings), base_url="http://localhost:8000")


def test_an_overlay_in_its_place_is_found(artifacts: Path) -> None:
    assert artifact_file(artifacts, OVERLAY) == (artifacts / OVERLAY).resolve()


@pytest.mark.parametrize("path", REFUSED)
def test_nothing_else_is_given_out(artifacts: Path, path: str) -> None:
    assert artifact_file(artifacts, path) is None


def test_a_link_that_leads_out_is_refused(artifacts: Path) -> None:
    (artifacts / OVERLAY).unlink()
    (artifacts / OVERLAY).symlink_to(artifacts.parent / "secret.txt")

    assert artifact_file(artifacts, OVERLAY) is None


def test_a_folder_that_links_out_is_refused(artifacts: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "000001_melt"
    outside.mkdir(parents=True)
    (outside / "overlay.jpg").write_text("secret")
    (artifacts / "m290" / "linked").symlink_to(tmp_path / "outside")

    assert artifact_file(artifacts, "m290/linked/000001_melt/overlay.jpg") is None


def test_a_link_to_another_file_inside_is_refused(artifacts: Path) -> None:
    (artifacts / OVERLAY).unlink()
    (artifacts / OVERLAY).symlink_to("notes.txt")

    assert artifact_file(artifacts, OVERLAY) is None


@pytest.mark.parametrize(
    "url",
    [
        "/artifacts/../secret.txt",
        "/artifacts/%2e%2e/secret.txt",
        "/artifacts/..%2fsecret.txt",
        "/artifacts/m290/job42/000001_melt/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fsecret.txt",
        "/artifacts/%2fetc%2fpasswd",
        "/artifacts/m290/job42/000001_melt/notes.txt",
        "/artifacts/m290%00/job42/000001_melt/overlay.jpg",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
    ],
)
def test_no_way_of_writing_a_path_leads_out(client: TestClient, url: str) -> None:
    response = client.get(url)

    assert response.status_code == 404
    assert "secret" not in response.json()["detail"]


def test_an_overlay_is_sent_as_what_it_is_and_kept_while_its_version_lasts(client: TestClient) -> None:
    plain = client.get(f"/artifacts/{OVERLAY}")
    versioned = client.get(f"/artifacts/{OVERLAY}?v=abc")

    assert plain.content == b"\xff\xd8 a picture"
    assert plain.headers["content-type"] == "image/jpeg"
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["cache-control"] == "no-cache"
    assert "immutable" in versioned.headers["cache-control"]


@pytest.mark.parametrize("url", ["/", "/static/style.css", "/api/verdicts", "/nothing", "/artifacts/x", "/health"])
def test_every_answer_forbids_what_is_inline_or_from_elsewhere(client: TestClient, url: str) -> None:
    headers = client.get(url).headers

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_page_says_that_it_waits_while_nothing_was_read(client: TestClient) -> None:
    page = client.get("/").text

    assert 'data-loaded="no"' in page
    assert "The page waits for Redis" in page
    assert "style=" not in page
    assert "<script>" not in page
    assert "http" + "://" not in page


def test_health_fails_and_metrics_answer_while_redis_is_away(client: TestClient) -> None:
    health, metrics = client.get("/health"), client.get("/metrics")

    assert health.status_code == 503
    assert metrics.status_code == 200
    assert "layerwatch_redis_up 0.0" in metrics.text
    assert "layerwatch_queue_jobs{" not in metrics.text
    assert "# TYPE layerwatch_decisions_total counter" in metrics.text


def test_people_get_an_error_as_a_page_and_programs_as_json(client: TestClient) -> None:
    page = client.get("/nothing", headers={"accept": "text/html"})

    assert page.status_code == client.get("/nothing").status_code == 404
    assert "There is nothing here" in page.text
    assert client.get("/nothing").json() == {"detail": "Not Found"}


@pytest.mark.parametrize(
    "url", ["/live?after=x", "/api/verdicts?after=x", "/api/verdicts?limit=0", "/api/events?after=x"]
)
def test_a_cursor_that_is_none_is_a_mistake_of_the_asker(client: TestClient, url: str) -> None:
    assert client.get(url).status_code == 422


def test_a_page_for_this_machine_does_not_answer_to_another_name(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example:8000"}).status_code == 400
    assert client.get("/", headers={"host": "127.0.0.1:8000"}).status_code == 200
    assert "*" not in allowed_hosts("local", "127.0.0.5", ())
    assert "127.0.0.5" in allowed_hosts("local", "127.0.0.5", ())
    assert allowed_hosts("token", "127.0.0.1", ()) == ["*"]
    assert allowed_hosts("token", "127.0.0.1", ("press.local",)) == ["press.local"]


def test_an_overlay_path_that_is_not_the_contracts_is_not_linked(some_verdict: VerdictMaker) -> None:
    honest = some_verdict()
    odd = honest.model_copy(update={"artifacts": ArtifactPaths(overlay="../../x/overlay.jpg")})

    assert overlay_url(row_of(honest)) == f"/artifacts/{OVERLAY}?v={honest.id[-12:]}"
    assert overlay_url(row_of(odd)) is None
