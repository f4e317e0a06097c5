"""Where artifacts lie, as settings tell it: a path, or the URL of an object store."""

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from layerwatch.artifacts import ArtifactFolder, StoreUrl, open_artifacts
from layerwatch.errors import ArtifactsAwayError, SettingsError
from layerwatch.object_store import ObjectStore
from layerwatch.settings import SharedSettings, load_settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("told", ["/srv/artifacts", "artifacts", "./s3/bucket", "s3:/bucket"])
def test_a_path_is_a_folder(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", told)

    location = load_settings(SharedSettings).artifacts_dir

    assert location == Path(told)
    assert open_artifacts(location) == ArtifactFolder(Path(told))


@pytest.mark.parametrize(
    ("told", "scheme", "path"),
    [
        ("s3://bucket", "s3", "bucket"),
        ("s3://bucket/hall-2/press/", "s3", "bucket/hall-2/press"),
        ("gs://bucket/prefix", "gs", "bucket/prefix"),
        ("abfs://container@account.dfs.core.windows.net/prefix", "abfs", None),
    ],
)
def test_a_url_is_an_object_store(monkeypatch: pytest.MonkeyPatch, told: str, scheme: str, path: str | None) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", told)

    location = load_settings(SharedSettings).artifacts_dir

    assert location == StoreUrl(scheme=scheme, path=path or told.removeprefix("abfs://"))
    assert str(location) == told.rstrip("/")


@pytest.mark.parametrize(
    "told", ["ftp://host/artifacts", "file:///srv/artifacts", "https://bucket.example/x", "S3://b"]
)
def test_a_store_whose_files_may_be_seen_half_written_is_refused(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", told)

    with pytest.raises(SettingsError, match=r"ARTIFACTS_DIR: .*expected a folder, or s3://, "):
        load_settings(SharedSettings)


@pytest.mark.parametrize("told", ["s3://", "s3:///prefix", "s3://bucket/../other", "s3://bucket//x", "s3://b/x::y"])
def test_a_url_without_plain_names_is_refused(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", told)

    with pytest.raises(SettingsError, match=r"ARTIFACTS_DIR: .*with plain names"):
        load_settings(SharedSettings)


@pytest.mark.parametrize("told", ["s3://key:hunter2@bucket/x", "s3://key:hun/hunter2@b", "az://box/x?sig=hunter2"])
def test_credentials_in_a_url_are_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", told)

    with pytest.raises(SettingsError, match="credentials come from the environment") as caught:
        load_settings(SharedSettings)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "library", "install"), [("s3://b", "s3fs", r"-e '\.\[s3\]'"), ("gs://b", "gcsfs", "gcsfs")]
)
def test_a_missing_library_is_named(url: str, library: str, install: str) -> None:
    code = (  # in a process of its own: fsspec keeps what another test loaded
        f"import sys; sys.modules[{library!r}] = None\n"
        "from layerwatch.artifacts import StoreUrl, open_artifacts\n"
        f"open_artifacts(StoreUrl.parse({url!r}))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    last = done.stderr.strip().splitlines()[-1]
    assert re.search(f"SettingsError: ARTIFACTS_DIR {url} needs a library: pip install {install}", last)


def test_a_folder_costs_no_import_of_a_library_for_stores() -> None:
    code = (
        "import sys, ingest.__main__, monitoring.__main__, worker.__main__; from pathlib import Path\n"
        "from layerwatch.artifacts import open_artifacts; open_artifacts(Path('artifacts'))\n"
        "print(sorted({'fsspec', 's3fs', 'botocore', 'layerwatch.object_store'} & set(sys.modules)))"
    )

    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


def test_a_store_whose_library_is_not_asynchronous_works_too() -> None:
    store = ObjectStore(url="memory://test", root="/test", files=MemoryFileSystem(skip_instance_cache=True))
    path = PurePosixPath("m290/job42/000001_melt/verdict.json")

    store.write(path, b"{}")
    assert store.read(path) == b"{}"
    store.remove(path)

    with pytest.raises(FileNotFoundError):
        store.read(path)


def test_an_error_of_a_library_is_one_that_passes() -> None:
    class Odd(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
        def cat_file(self, path: str, **_: object) -> bytes:
            raise LookupError(f"no signature for {path}")

    store = ObjectStore(url="memory://test", root="/test", files=Odd(skip_instance_cache=True))

    with pytest.raises(ArtifactsAwayError, match="cannot reach memory://test: no signature"):
        store.read(PurePosixPath("x"))
