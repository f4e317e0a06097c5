"""Where the bytes of a picture come from."""

import hashlib
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from layerwatch.errors import UnreadablePictureError
from layerwatch.job import CaptureMessage
from layerwatch.memory import InMemoryPictures
from layerwatch.pictures import SourceFolder
from worker.fetching import PictureFetcher

CONTENT = b"what ingest saw"


@pytest.fixture
def store() -> InMemoryPictures:
    return InMemoryPictures()


@pytest.fixture
def fetch(store: InMemoryPictures, sources: Path) -> PictureFetcher:
    return PictureFetcher(store=store, locate=SourceFolder(sources).locate)


@pytest.fixture
def sent() -> CaptureMessage:
    return CaptureMessage.model_validate(
        {
            "light": "a",
            "path": "B0001a.PNG",
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "modified": "2026-05-04T12:00:00Z",
            "sent": "bytes",
        }
    )


def test_a_picture_that_was_sent_needs_no_folder(
    fetch: PictureFetcher, store: InMemoryPictures, sent: CaptureMessage
) -> None:
    store.put(sent.sha256, CONTENT)

    assert fetch(sent) == CONTENT


def test_a_picture_that_was_named_is_read_from_its_file_alone(
    fetch: PictureFetcher, store: InMemoryPictures, sent: CaptureMessage, sources: Path
) -> None:
    named = sent.model_copy(update={"sent": "path"})
    store.put(sent.sha256, CONTENT)
    (sources / "other").touch()
    with pytest.raises(UnreadablePictureError, match="is gone"):
        fetch(named)

    (sources / sent.path).write_bytes(CONTENT)

    assert fetch(named) == CONTENT


@pytest.mark.parametrize("in_redis", [None, b"something else"])
def test_the_file_stands_in_for_a_picture_that_is_not_in_redis_or_not_the_one(
    fetch: PictureFetcher, store: InMemoryPictures, sent: CaptureMessage, sources: Path, in_redis: bytes | None
) -> None:
    if in_redis is not None:
        store.put(sent.sha256, in_redis)
    (sources / sent.path).write_bytes(CONTENT)

    assert fetch(sent) == CONTENT


@pytest.mark.parametrize("in_file", [None, b"rewritten"])
def test_a_picture_that_is_nowhere_may_come_again_and_the_error_says_how(
    fetch: PictureFetcher, sent: CaptureMessage, sources: Path, in_file: bytes | None
) -> None:
    if in_file is not None:
        (sources / sent.path).write_bytes(in_file)

    with pytest.raises(OSError, match=r"neither in Redis nor below SOURCES_DIR; .* ingest quarantine retry"):
        fetch(sent)


def test_a_redis_that_is_away_is_a_fault_that_may_pass(
    fetch: PictureFetcher, store: InMemoryPictures, sent: CaptureMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_sha256: str) -> bytes:
        raise RedisConnectionError("connection refused")

    monkeypatch.setattr(store, "get", away)

    with pytest.raises(OSError, match=r"Redis does not hand out B0001a.PNG: connection refused"):
        fetch(sent)


def test_what_ingest_could_not_send_is_answered_in_its_words(
    fetch: PictureFetcher, sent: CaptureMessage, sources: Path
) -> None:
    (sources / sent.path).write_bytes(CONTENT)

    with pytest.raises(UnreadablePictureError) as refused:
        fetch(sent.model_copy(update={"problem": "B0001a.PNG is gone"}))

    assert refused.value.reason == "B0001a.PNG is gone"
