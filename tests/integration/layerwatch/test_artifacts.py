"""One suite for a folder and for an object store, which is a real S3 server: both keep the same promises."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import httpx
import pytest

from layerwatch.artifacts import Artifacts, Location, StoreUrl, open_artifacts
from layerwatch.errors import ArtifactsAwayError, ArtifactTooLargeError, SettingsError, UnsafePathError
from layerwatch.object_store import open_store

OVERLAY = PurePosixPath("m290/job42/000001_melt/overlay.jpg")
VERDICT = OVERLAY.with_name("verdict.json")


@pytest.fixture(params=["folder", "s3"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    return tmp_path if request.param == "folder" else StoreUrl.parse(request.getfixturevalue("s3_url"))


@pytest.fixture
def artifacts(location: Location) -> Artifacts:
    return open_artifacts(location)


def test_what_was_written_is_read_by_others(artifacts: Artifacts, location: Location) -> None:
    artifacts.write(OVERLAY, b"a picture")
    artifacts.write(VERDICT, b"{}")

    other = open_artifacts(location)
    assert (other.read(OVERLAY), other.read(VERDICT)) == (b"a picture", b"{}")


def test_a_file_takes_the_place_of_an_older_one(artifacts: Artifacts) -> None:
    artifacts.write(VERDICT, b"the first and longer one")
    artifacts.write(VERDICT, b"the second")

    assert artifacts.read(VERDICT) == b"the second"


def test_what_was_not_there_is_seen_as_soon_as_another_wrote_it(artifacts: Artifacts, location: Location) -> None:
    with pytest.raises(FileNotFoundError):
        artifacts.read(VERDICT)

    open_artifacts(location).write(VERDICT, b"{}")

    assert artifacts.read(VERDICT) == b"{}"


def test_what_was_removed_is_gone_and_may_be_removed_again(artifacts: Artifacts) -> None:
    artifacts.write(OVERLAY, b"a picture")
    artifacts.write(VERDICT, b"{}")

    artifacts.remove(OVERLAY)
    artifacts.remove(OVERLAY)

    with pytest.raises(FileNotFoundError):
        artifacts.read(OVERLAY)
    assert artifacts.read(VERDICT) == b"{}"


def test_a_file_is_read_up_to_the_limit_and_not_beyond(artifacts: Artifacts) -> None:
    artifacts.write(OVERLAY, b"0123456789")

    assert artifacts.read(OVERLAY, most=10) == b"0123456789"
    with pytest.raises(ArtifactTooLargeError):
        artifacts.read(OVERLAY, most=9)


def test_an_empty_file_is_one(artifacts: Artifacts) -> None:
    artifacts.write(VERDICT, b"")

    assert artifacts.read(VERDICT) == b""


def test_what_lies_there_is_listed_build_by_build(artifacts: Artifacts) -> None:
    for path in (OVERLAY, VERDICT, PurePosixPath("m290/job421/000001_melt/verdict.json"), PurePosixPath("x/y/z/a.txt")):
        artifacts.write(path, b"{}")

    assert artifacts.folders() == ("m290", "x")
    assert artifacts.folders(PurePosixPath("m290")) == ("job42", "job421")
    assert list(artifacts.paths(PurePosixPath("m290/job42"))) == [OVERLAY, VERDICT]


def test_a_listing_tells_size_and_time(artifacts: Artifacts) -> None:
    artifacts.write(OVERLAY, b"a picture")
    artifacts.write(VERDICT, b"{}")

    found = list(artifacts.stored(PurePosixPath("m290/job42")))

    assert [(file.path, file.size) for file in found] == [(OVERLAY, 9), (VERDICT, 2)]
    assert all(abs(datetime.now(UTC) - file.written) < timedelta(hours=1) for file in found)
    assert list(artifacts.stored(PurePosixPath("m290/job1"))) == []


def test_where_nothing_is_there_is_nothing_to_list(artifacts: Artifacts) -> None:
    artifacts.write(VERDICT, b"{}")

    assert list(artifacts.paths(PurePosixPath("m290/job1"))) == []
    with pytest.raises(FileNotFoundError):
        artifacts.folders(PurePosixPath("m291"))


def test_a_listing_does_not_follow_links_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret" / "layer").mkdir(parents=True)
    (tmp_path / "secret" / "layer" / "verdict.json").write_text("{}")
    artifacts = open_artifacts(tmp_path / "artifacts")
    artifacts.write(VERDICT, b"{}")
    (tmp_path / "artifacts" / "m290" / "linked").symlink_to(tmp_path / "secret")
    (tmp_path / "artifacts" / "m290" / "job42" / "file.json").symlink_to(tmp_path / "secret" / "layer" / "verdict.json")

    assert artifacts.folders(PurePosixPath("m290")) == ("job42",)
    assert list(artifacts.paths(PurePosixPath("m290"))) == [VERDICT]


@pytest.mark.parametrize("path", ["../secret.txt", "m290/../../secret.txt", "/etc/passwd", ".", "m290\0/x"])
def test_no_path_leads_out(artifacts: Artifacts, path: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.parent.iterdir())

    with pytest.raises(UnsafePathError):
        artifacts.read(PurePosixPath(path))
    with pytest.raises(UnsafePathError):
        artifacts.write(PurePosixPath(path), b"x")
    with pytest.raises(UnsafePathError):
        artifacts.remove(PurePosixPath(path))
    with pytest.raises(UnsafePathError):
        list(artifacts.paths(PurePosixPath(path)))

    assert sorted(tmp_path.parent.iterdir()) == before


def test_a_reader_sees_one_whole_file_or_the_other(artifacts: Artifacts, location: Location) -> None:
    contents = [bytes([letter]) * 300_000 for letter in b"ab"]
    artifacts.write(OVERLAY, contents[0])
    over = threading.Event()
    reader = open_artifacts(location)

    def write() -> None:
        for number in range(12):
            artifacts.write(OVERLAY, contents[number % 2])
        over.set()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        seen = {reader.read(OVERLAY)}
        while not over.is_set() and not writing.done():
            seen.add(reader.read(OVERLAY))
        writing.result()

    assert seen <= set(contents)


def test_threads_share_it(artifacts: Artifacts) -> None:
    paths = [OVERLAY.with_name(f"{number}.bin") for number in range(24)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: artifacts.write(path, str(path).encode()), paths))
        read = list(pool.map(artifacts.read, paths))

    assert read == [str(path).encode() for path in paths]


def test_looking_whether_it_can_be_written_leaves_nothing_behind(
    artifacts: Artifacts, location: Location, request: pytest.FixtureRequest
) -> None:
    artifacts.prepare()
    artifacts.probe(100_000)

    if isinstance(location, Path):
        assert list(location.iterdir()) == []
    else:
        bucket = location.path.split("/")[0]
        assert "<Key>" not in httpx.get(f"{request.getfixturevalue('s3_server')}/{bucket}").text


def test_where_nothing_can_be_written_the_start_is_refused_in_words(tmp_path: Path, s3_url: str) -> None:
    (tmp_path / "artifacts").write_text("a file where the folder should be")
    assert s3_url

    with pytest.raises(SettingsError, match=r"cannot write to .*artifacts"):
        open_artifacts(tmp_path / "artifacts").prepare()
    with pytest.raises(SettingsError, match=r"s3://no-such-bucket/x: .*bucket does not exist.*are bucket, endpoint"):
        open_artifacts(StoreUrl.parse("s3://no-such-bucket/x")).prepare()


def test_a_bucket_that_is_not_there_takes_no_file(s3_url: str) -> None:
    assert s3_url
    store = open_artifacts(StoreUrl.parse("s3://no-such-bucket/x"))

    with pytest.raises(ArtifactsAwayError):
        store.write(VERDICT, b"{}")


@pytest.fixture
def silent_server(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A server that takes connections and never says a word, at the address that the environment leads to."""
    assert s3_url
    monkeypatch.setattr("layerwatch.object_store.CALL_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield listening


@pytest.mark.usefixtures("silent_server")
def test_a_store_that_is_silent_is_given_up() -> None:
    store = open_artifacts(StoreUrl.parse("s3://bucket"))

    for ask in (store.read, store.remove, lambda path: store.write(path, b"{}")):
        with pytest.raises(ArtifactsAwayError, match=r"no answer within 0\.5 s"):
            ask(VERDICT)


def test_a_write_that_was_given_up_does_not_come_late(silent_server: socket.socket) -> None:
    store = open_store(StoreUrl.parse("s3://bucket"))
    store.files.connect()  # builds the client, which takes longer than the write may
    silent_server.settimeout(5)

    with pytest.raises(ArtifactsAwayError):
        store.write(VERDICT, b"{}")

    connection, _ = silent_server.accept()
    with connection:
        connection.settimeout(5)  # left alone, it would wait for an answer for longer
        while connection.recv(65536):
            pass
    silent_server.setblocking(False)
    with pytest.raises(BlockingIOError):
        silent_server.accept()  # nobody tries again


def test_a_store_where_nobody_listens_is_away_and_that_is_an_error_of_the_system(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    store = open_artifacts(StoreUrl.parse(s3_url))

    with pytest.raises(OSError, match="cannot reach s3://") as caught:
        store.read(VERDICT)

    assert isinstance(caught.value, ArtifactsAwayError)
    assert not isinstance(caught.value, FileNotFoundError)


def test_missing_credentials_are_told(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", "/nonexistent")

    with pytest.raises(SettingsError, match="credentials"):
        open_artifacts(StoreUrl.parse(s3_url)).prepare()
