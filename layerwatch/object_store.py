"""Artifacts in an object store, through fsspec: S3 by s3fs, and others by what is installed for them."""

import asyncio
import errno
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from layerwatch.artifacts import MOST_BYTES, OBJECT_STORES, StoredFile, StoreUrl
from layerwatch.errors import ArtifactsAwayError, ArtifactTooLargeError, SettingsError
from layerwatch.paths import below

CALL_SECONDS = 20.0  # all tries of one call together; an inspection makes five, and its job has a minute
LIST_SECONDS = 300.0  # a thousand names come in one request, and a build has tens of thousands
TRIES = 2  # of s3fs and gcsfs; reading nests them
WRITTEN = ("LastModified", "last_modified", "updated")  # as s3fs, adlfs and gcsfs call it
PROBE = PurePosixPath(".layerwatch-can-write")
OPTIONS: dict[str, dict[str, object]] = {
    "s3": {"config_kwargs": {"connect_timeout": 3, "read_timeout": 10, "retries": {"total_max_attempts": 1}}},
}


def open_store(url: StoreUrl) -> "ObjectStore":
    """Return the store at a URL; credentials and endpoint are those of the library's own environment.

    Raises:
        SettingsError: the library is not installed, or refuses.
    """
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra

        options = OPTIONS.get(url.scheme, {})
        files, root = url_to_fs(str(url), use_listings_cache=False, skip_instance_cache=True, **options)
    except ImportError as error:
        needed = OBJECT_STORES[url.scheme]
        raise SettingsError(f"ARTIFACTS_DIR {url} needs a library: pip install {needed}") from error
    except Exception as error:  # each library has its own
        raise SettingsError(f"ARTIFACTS_DIR {url} cannot be opened: {error}") from error
    files.retries = TRIES
    return ObjectStore(url=str(url), root=root, files=files)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStore:
    """One prefix in an object store.

    Attributes:
        url: as people know it.
        root: bucket and prefix, as fsspec names them.
        files: the file system of fsspec; threads may share it.
    """

    url: str
    root: str
    files: Any

    def prepare(self) -> None:
        try:
            self.probe(1)
        except ArtifactsAwayError as error:
            raise SettingsError(f"{error}; are bucket, endpoint and credentials right?") from error

    def probe(self, size: int) -> None:
        self.write(PROBE, bytes(size))
        self.remove(PROBE)

    def read(self, path: PurePosixPath, *, most: int = MOST_BYTES) -> bytes:
        try:
            # One request, also where there is nothing; a byte too many tells of a larger file.
            content: bytes = self._call("cat_file", path, start=0, end=most + 1)
        except ArtifactsAwayError as error:
            if _is_bad_range(error.__cause__) and self._call("size", path) == 0:
                return b""
            raise
        if len(content) > most:
            raise ArtifactTooLargeError(path, most=most)
        return content

    def write(self, path: PurePosixPath, content: bytes) -> None:
        try:
            self._call("pipe_file", path, content)
        except FileNotFoundError as error:
            raise ArtifactsAwayError(f"cannot reach {self.url}: {error}") from error

    def remove(self, path: PurePosixPath) -> None:
        with suppress(FileNotFoundError):
            self._call("rm_file", path)

    def folders(self, path: PurePosixPath | None = None) -> tuple[str, ...]:
        entries = self._call("ls", path, detail=True, seconds=LIST_SECONDS)
        return tuple(sorted(_name(entry["name"]) for entry in entries if entry["type"] == "directory"))

    def paths(self, path: PurePosixPath) -> Iterator[PurePosixPath]:
        try:
            names = self._call("find", path, seconds=LIST_SECONDS)
        except FileNotFoundError:
            return
        for name in names:
            yield PurePosixPath(name.removeprefix(f"{self.root}/"))

    def stored(self, path: PurePosixPath) -> Iterator[StoredFile]:
        try:
            files = self._call("find", path, detail=True, seconds=LIST_SECONDS)
        except FileNotFoundError:
            return
        for name, told in sorted(files.items()):
            path = PurePosixPath(name.removeprefix(f"{self.root}/"))
            yield StoredFile(path=path, size=int(told["size"]), written=self._written(told))

    def _written(self, told: Mapping[str, Any]) -> datetime:
        for name in WRITTEN:
            if name in told:
                moment = told[name]
                return moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
        raise ArtifactsAwayError(f"{self.url} does not say when a file was written")

    def _call(
        self, name: str, path: PurePosixPath | None, *args: object, seconds: float | None = None, **options: object
    ) -> Any:  # noqa: ANN401 - fsspec
        """Return what the file system says about a path, or about the root, in bounded time.

        Raises:
            FileNotFoundError: the path, or its bucket, is not there.
            ArtifactsAwayError: anything else is wrong.
        """
        limit = CALL_SECONDS if seconds is None else seconds
        place = self.root if path is None else f"{self.root}/{below(self.url, path)}"
        try:
            if not self.files.async_impl:
                return getattr(self.files, name)(place, *args, **options)
            from fsspec.asyn import sync  # noqa: PLC0415 - an extra

            asked = getattr(self.files, f"_{name}")(place, *args, **options)
            return sync(self.files.loop, _in_time, asked, limit)
        except FileNotFoundError:
            raise
        except Exception as error:  # each library has its own
            raise ArtifactsAwayError(f"cannot reach {self.url}: {_words(error, limit)}") from error


async def _in_time(asked: Awaitable[object], seconds: float) -> object:
    """Do what was asked for, or give it up: what is late must not overwrite what comes after it."""
    return await asyncio.wait_for(asked, seconds)


def _name(place: str) -> str:
    return place.rstrip("/").rpartition("/")[2]


def _words(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    return str(error) or type(error).__name__


def _is_bad_range(error: BaseException | None) -> bool:
    """Whether a store has no first byte to give, as of an empty file."""
    return isinstance(error, OSError) and error.errno == errno.EINVAL
