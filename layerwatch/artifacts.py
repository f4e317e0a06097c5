"""Where artifacts lie: in a folder, or in an object store. Both keep the same promises."""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Protocol, Self

from pydantic import BeforeValidator

from layerwatch.atomic import write_atomic
from layerwatch.errors import ArtifactTooLargeError, SettingsError
from layerwatch.paths import below

MOST_BYTES = 64 * 1024 * 1024
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
OBJECT_STORES = {  # scheme -> what to install; only where a PUT is there whole or not at all
    "s3": "-e '.[s3]'",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
}
_CREDENTIALS = re.compile(r":.*@|[?#]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file as a listing tells of it: below the root, in bytes, and when it was written."""

    path: PurePosixPath
    size: int
    written: datetime


class Artifacts(Protocol):
    """Files below one root, each there whole or not at all, for every reader on every machine."""

    def prepare(self) -> None:
        """Make sure that files can be written.

        Raises:
            SettingsError: they cannot. A full disk is no wrong setting.
        """
        ...

    def probe(self, size: int) -> None:
        """Write so many bytes that no reader sees, and remove them.

        Raises:
            OSError: files of this size cannot be written now.
        """
        ...

    def read(self, path: PurePosixPath, *, most: int = MOST_BYTES) -> bytes:
        """Return a file of at most so many bytes.

        Raises:
            FileNotFoundError: there is none.
            ArtifactTooLargeError: it is larger.
            OSError: it cannot be read now.
        """
        ...

    def write(self, path: PurePosixPath, content: bytes) -> None:
        """Write a file, in place of what was there; an OSError leaves that."""
        ...

    def remove(self, path: PurePosixPath) -> None:
        """Remove a file if it is there."""
        ...

    def folders(self, path: PurePosixPath | None = None) -> tuple[str, ...]:
        """Return the names of the folders right below a folder, or below the root, in order.

        Raises:
            FileNotFoundError: there is no such folder, or nothing in it.
            OSError: it cannot be listed now.
        """
        ...

    def paths(self, path: PurePosixPath) -> Iterator[PurePosixPath]:
        """Yield all files below a folder, however deep, as paths below the root; none where there is no such folder.

        No more than the names in this one folder are held in memory. Links are not followed.

        Raises:
            OSError: it cannot be listed now.
        """
        ...

    def stored(self, path: PurePosixPath) -> Iterator[StoredFile]:
        """Yield the same files with their sizes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUrl:
    """An object store by its URL; path is the bucket, and the prefix in it if any."""

    scheme: str
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the store that a URL names.

        Raises:
            ValueError: it is no such URL, or holds credentials, which the message does not repeat.
        """
        scheme, _, path = text.partition("://")
        if scheme not in OBJECT_STORES:
            raise ValueError(
                f"expected a folder, or {', '.join(f'{known}://' for known in OBJECT_STORES)} with BUCKET/PREFIX, "
                f"got {scheme}://"
            )
        if _CREDENTIALS.search(path):
            raise ValueError(
                f"expected {scheme}://BUCKET/PREFIX and no more; credentials come from the environment, "
                "such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        path = path.rstrip("/")
        if any(part in {"", ".", ".."} for part in path.split("/")) or "::" in path or not path.isprintable():
            raise ValueError(f"expected {scheme}://BUCKET/PREFIX with plain names, got {text!r}")
        return cls(scheme=scheme, path=path)


def read_location(told: object) -> object:
    """Return the store that a text names as a URL; anything else as it is."""
    return StoreUrl.parse(told) if isinstance(told, str) and "://" in told else told


Location = Path | StoreUrl
ToldLocation = Annotated[Location, BeforeValidator(read_location)]  # for settings


def open_artifacts(location: Location) -> Artifacts:
    """Return the artifacts at a location; nothing is asked of it yet.

    Raises:
        SettingsError: the library for such a store is not installed.
    """
    if isinstance(location, Path):
        return ArtifactFolder(location)
    from layerwatch.object_store import open_store  # noqa: PLC0415 - a folder needs no fsspec

    return open_store(location)


@dataclass(frozen=True, slots=True)
class ArtifactFolder:
    """A folder of artifacts: local, or a share that all roles see."""

    root: Path

    def prepare(self) -> None:
        try:
            self.probe(1)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise SettingsError(f"cannot write to {self.root}: {error.strerror}") from error

    def probe(self, size: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.root) as file:
            file.write(os.urandom(size))  # a file system that compresses would have room for any number of zeros
            file.flush()
            os.fsync(file.fileno())

    def read(self, path: PurePosixPath, *, most: int = MOST_BYTES) -> bytes:
        with self._file(path).open("rb") as file:
            if os.fstat(file.fileno()).st_size > most:
                raise ArtifactTooLargeError(path, most=most)
            return file.read()

    def write(self, path: PurePosixPath, content: bytes) -> None:
        write_atomic(self._file(path), content)

    def remove(self, path: PurePosixPath) -> None:
        self._file(path).unlink(missing_ok=True)

    def folders(self, path: PurePosixPath | None = None) -> tuple[str, ...]:
        with os.scandir(self.root if path is None else self._file(path)) as entries:
            return tuple(sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False)))

    def paths(self, path: PurePosixPath) -> Iterator[PurePosixPath]:
        try:
            with os.scandir(self._file(path)) as entries:
                inside = sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in entries
                )
        except FileNotFoundError:
            return
        for name, is_folder, is_link in inside:
            if is_folder:
                yield from self.paths(path / name)
            elif not is_link:
                yield path / name

    def stored(self, path: PurePosixPath) -> Iterator[StoredFile]:
        for each in self.paths(path):
            with suppress(FileNotFoundError):  # removed since it was listed
                told = self._file(each).stat(follow_symlinks=False)
                yield StoredFile(path=each, size=told.st_size, written=datetime.fromtimestamp(told.st_mtime, UTC))

    def _file(self, path: PurePosixPath) -> Path:
        return self.root / below(self.root, path)
