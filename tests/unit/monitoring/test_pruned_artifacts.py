"""What the page says of an overlay that was removed to make room."""

from pathlib import Path, PurePosixPath

import pytest
from fastapi.testclient import TestClient

from layerwatch.artifacts import ArtifactFolder
from monitoring.settings import MonitoringSettings
from monitoring.web.app import create_app

FOLDER = PurePosixPath("m290/job42/000001_melt")


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """A page over artifacts of one layer, whose overlay was removed."""
    ArtifactFolder(tmp_path).write(FOLDER / "verdict.json", b"{}")
    app = create_app(MonitoringSettings(redis_url="redis://127.0.0.1:1/0", artifacts_dir=tmp_path))
    return TestClient(app, base_url="http://localhost:8000")


def test_what_was_removed_is_answered_with_the_reason(client: TestClient) -> None:
    answer = client.get(f"/artifacts/{FOLDER}/overlay.jpg?v=abc")

    assert answer.status_code == 404
    assert "overlay.jpg is no longer kept: it was removed to make room, as MONITORING_KEEP_DAYS" in answer.text
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_people_get_a_page_with_the_same_words(client: TestClient) -> None:
    answer = client.get(f"/artifacts/{FOLDER}/mask.png", headers={"accept": "text/html"})

    assert answer.headers["content-type"].startswith("text/html")
    assert "mask.png is no longer kept" in answer.text


def test_what_never_was_is_not_said_to_be_removed(client: TestClient) -> None:
    for path in ("m290/job42/000002_melt/overlay.jpg", f"{FOLDER}/secret.txt", "m290/job42/000002_melt/verdict.json"):
        assert "no such artifact" in client.get(f"/artifacts/{path}").text
