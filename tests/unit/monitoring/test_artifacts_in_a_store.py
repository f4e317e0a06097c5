"""How the page gives out artifacts that lie in an object store."""

from pathlib import PurePosixPath

import pytest
from fastapi.testclient import TestClient

from layerwatch.artifacts import MOST_BYTES
from layerwatch.errors import ArtifactsAwayError, ArtifactTooLargeError
from monitoring.settings import MonitoringSettings
from monitoring.web.app import create_app

OVERLAY = "m290/job42/000001_melt/overlay.jpg"


class KnownStore:
    """A store that holds one overlay, or raises what it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked: list[str] = []

    def prepare(self) -> None:
        raise AssertionError("the page writes no artifacts")

    def read(self, path: PurePosixPath, *, most: int = MOST_BYTES) -> bytes:
        assert most <= MOST_BYTES
        self.asked.append(str(path))
        if self.error is not None:
            raise self.error
        if str(path) != OVERLAY:
            raise FileNotFoundError(path)
        return b"\xff\xd8 a picture"

    def write(self, path: PurePosixPath, content: bytes) -> None:
        raise AssertionError(path, content)

    def remove(self, path: PurePosixPath) -> None:
        raise AssertionError(path)


@pytest.fixture
def store() -> KnownStore:
    return KnownStore()


@pytest.fixture
def client(store: KnownStore) -> TestClient:
    app = create_app(MonitoringSettings(redis_url="redis://127.0.0.1:1/0"))
    app.state.context.artifacts = store
    return TestClient(app, base_url="http://localhost:8000")


def test_an_overlay_is_sent_as_what_it_is_and_kept_while_its_version_lasts(client: TestClient) -> None:
    plain, versioned = client.get(f"/artifacts/{OVERLAY}"), client.get(f"/artifacts/{OVERLAY}?v=abc")

    assert plain.content == b"\xff\xd8 a picture"
    assert plain.headers["content-type"] == "image/jpeg"
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["cache-control"] == "no-cache"
    assert "immutable" in versioned.headers["cache-control"]


@pytest.mark.parametrize(
    "url",
    [
        "/artifacts/..%2fsecret.txt",
        "/artifacts/m290/job42/000001_melt/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/artifacts/%2fetc%2fpasswd",
        "/artifacts/m290/job42/000001_melt/notes.txt",
        "/artifacts/m290%00/job42/000001_melt/overlay.jpg",
    ],
)
def test_the_store_is_asked_for_nothing_but_artifacts(client: TestClient, store: KnownStore, url: str) -> None:
    assert client.get(url).status_code == 404
    assert store.asked == []


def test_what_is_not_there_or_too_large_is_not_given_out(client: TestClient, store: KnownStore) -> None:
    assert client.get("/artifacts/m290/job42/000002_melt/overlay.jpg").status_code == 404
    store.error = ArtifactTooLargeError(PurePosixPath(OVERLAY), most=1)
    assert client.get(f"/artifacts/{OVERLAY}").status_code == 404


def test_a_store_that_is_away_is_told_from_an_overlay_that_is_not_there(client: TestClient, store: KnownStore) -> None:
    store.error = ArtifactsAwayError("cannot reach s3://secret-bucket")

    answer = client.get(f"/artifacts/{OVERLAY}?v=abc")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert "immutable" not in answer.headers.get("cache-control", "")
    assert "secret-bucket" not in answer.text
