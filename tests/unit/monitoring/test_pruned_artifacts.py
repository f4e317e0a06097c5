"""What the page says of an overlay that was removed to make room."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from fastapi.testclient import TestClient

from layerwatch.artifacts import ArtifactFolder
from layerwatch.verdict import ArtifactPaths, Verdict
from monitoring.settings import MonitoringSettings
from monitoring.web.app import create_app

FOLDER = PurePosixPath("m290/job42/000001_melt")


def page_over(tmp_path: Path, verdict: Verdict) -> TestClient:
    """A page over artifacts of one layer, of which only verdict.json is left."""
    ArtifactFolder(tmp_path).write(FOLDER / "verdict.json", verdict.to_json().encode())
    app = create_app(MonitoringSettings(redis_url="redis://127.0.0.1:1/0", artifacts_dir=tmp_path))
    return TestClient(app, base_url="http://localhost:8000")


@pytest.fixture
def client(tmp_path: Path, some_verdict: Callable[..., Verdict]) -> TestClient:
    named = ArtifactPaths(overlay=f"{FOLDER}/overlay.jpg", mask=f"{FOLDER}/mask.png")
    return page_over(tmp_path, some_verdict().model_copy(update={"artifacts": named}))


def test_what_was_removed_is_answered_with_the_reason(client: TestClient) -> None:
    answer = client.get(f"/artifacts/{FOLDER}/overlay.jpg?v=abc")

    assert answer.status_code == 404
    assert "overlay.jpg is no longer kept: it was removed to make room, as MONITORING_KEEP_DAYS" in answer.text
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_people_get_a_page_with_the_same_words(client: TestClient) -> None:
    answer = client.get(f"/artifacts/{FOLDER}/mask.png", headers={"accept": "text/html"})

    assert answer.headers["content-type"].startswith("text/html")
    assert "mask.png is no longer kept" in answer.text


def test_what_the_newest_revision_does_not_name_is_not_said_to_be_removed(
    tmp_path: Path, some_verdict: Callable[..., Verdict]
) -> None:
    client = page_over(tmp_path, some_verdict().model_copy(update={"artifacts": ArtifactPaths()}))

    assert "no such artifact" in client.get(f"/artifacts/{FOLDER}/overlay.jpg").text


def test_what_never_was_is_not_said_to_be_removed(client: TestClient) -> None:
    for path in ("m290/job42/000002_melt/overlay.jpg", f"{FOLDER}/secret.txt", "m290/job42/000002_melt/verdict.json"):
        assert "no such artifact" in client.get(f"/artifacts/{path}").text
