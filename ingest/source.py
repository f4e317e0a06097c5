"""The printer's folder, read only: which files are pictures of layers, and which are something else."""

import os
import stat
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from ingest.examine import stamp_of
from ingest.settings import Printer
from ingest.settling import Stamp
from layerwatch.errors import LayerwatchError
from layerwatch.layers import LayerKey


class Oddity(StrEnum):
    """Why something in the folder is left alone."""

    UNMATCHED = "unmatched"  # its name does not say which layer it is
    LINK_OUT = "link_out"  # a link to a file outside the folder
    LINKED_FOLDER = "linked_folder"  # its files are found where they really lie, or are none of ours
    NO_FILE = "no_file"  # a pipe, a device, a folder named like a picture
    BAD_NAME = "bad_name"  # the name is no text (not UTF-8), so no message could carry it
    TOO_DEEP = "too_deep"  # below the depth limit
    UNREADABLE_FOLDER = "unreadable_folder"  # it cannot be listed


class SourceDownError(LayerwatchError):
    """The watched folder is away: unmounted, stalled or renamed; it is not empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One picture file as it lies there.

    Attributes:
        path: below the watched folder, with forward slashes.
        changed_ns: when it came to look like that: a copy that keeps the time of change of its original is younger.
    """

    path: str
    stamp: Stamp
    changed_ns: int


Report = Callable[[Oddity, str], None]


class Source:
    """One printer's folder."""

    def __init__(self, printer: Printer, report: Report) -> None:
        """Report is called with each thing that is left alone."""
        self._printer = printer
        self._root = printer.root
        self._report = report

    @property
    def root(self) -> Path:
        return self._root

    def identity(self) -> tuple[int, int]:
        """Return device and inode of the folder: another pair is another mount.

        Raises:
            SourceDownError: it is not there.
        """
        try:
            status = self._root.stat()
        except OSError as error:
            raise SourceDownError(f"{self._root}: {error.strerror}") from error
        return status.st_dev, status.st_ino

    def scan(self, known: Container[str] = ()) -> Iterator[Found]:
        """Yield every picture in the folder, in no order.

        Args:
            known: paths whose names need not be read again.

        Raises:
            SourceDownError: the folder itself cannot be listed.
        """
        pending = [("", 0)]
        while pending:
            folder, depth = pending.pop()
            try:
                with os.scandir(self._root / folder) as entries:
                    for entry in entries:
                        path = f"{folder}/{entry.name}" if folder else entry.name
                        if entry.is_dir(follow_symlinks=False):
                            self._enter(path, depth, pending)
                        elif path in known or self._is_ours(entry, path):
                            yield from self._stat(entry, path)
            except OSError as error:
                if not folder:
                    raise SourceDownError(f"{self._root}: {error.strerror}") from error
                self._report(Oddity.UNREADABLE_FOLDER, folder)

    def look(self, path: str) -> Found | None:
        """Return one file as it lies there now, None if it is gone or none of ours."""
        folder, _, _ = path.rpartition("/")
        if self.key(path) is None or any(part.startswith(".") for part in folder.split("/")):
            return None
        if folder.count("/") + bool(folder) > self._printer.max_depth:
            return None
        try:
            status = (self._root / path).lstat()
        except OSError:
            return None  # gone, or the share is away; the rescan knows more
        return self._picture(path, status)

    def key(self, path: str) -> tuple[LayerKey, str] | None:
        """Return layer and light that the name of a file says, None if it is none of ours."""
        if not is_text(path):
            return None
        name = self._printer.profile.read_name(PurePosixPath(path))
        if name is None:
            return None
        build = name.build or self._printer.default_build
        return LayerKey(printer=self._printer.name, build=build, layer=name.layer, stage=name.stage), name.light

    def _enter(self, path: str, depth: int, pending: list[tuple[str, int]]) -> None:
        """Note a folder that is to be looked into; hidden ones (snapshots of a share) are not."""
        if path.rpartition("/")[2].startswith("."):
            return
        if not is_text(path):
            self._report(Oddity.BAD_NAME, path)
        elif depth >= self._printer.max_depth:
            self._report(Oddity.TOO_DEEP, path)
        else:
            if self.key(path) is not None:
                self._report(Oddity.NO_FILE, path)
            pending.append((path, depth + 1))

    def _is_ours(self, entry: os.DirEntry[str], path: str) -> bool:
        if self.key(path) is not None:
            return True
        if not is_text(path):
            self._report(Oddity.BAD_NAME, path)
        else:
            self._report(Oddity.LINKED_FOLDER if _leads_to_folder(entry) else Oddity.UNMATCHED, path)
        return False

    def _stat(self, entry: os.DirEntry[str], path: str) -> Iterator[Found]:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return  # gone meanwhile, or the share stalls; the next scan knows
        found = self._picture(path, status)
        if found is not None:
            yield found

    def _picture(self, path: str, status: os.stat_result) -> Found | None:
        if stat.S_ISLNK(status.st_mode):
            followed = self._inside(path)
            if followed is None:
                return None
            status = followed
        if not stat.S_ISREG(status.st_mode):
            if not stat.S_ISDIR(status.st_mode):
                self._report(Oddity.NO_FILE, path)
            return None
        return Found(path=path, stamp=stamp_of(status), changed_ns=max(status.st_mtime_ns, status.st_ctime_ns))

    def _inside(self, path: str) -> os.stat_result | None:
        """Return the state of the file that a link leads to, None if that lies outside or is not there."""
        try:
            target = (self._root / path).resolve(strict=True)
            status = target.stat()
        except (OSError, RuntimeError):
            return None  # dangling, or a circle
        if not target.is_relative_to(self._root):
            self._report(Oddity.LINK_OUT, path)
            return None
        return status


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link in a circle, or to where nobody can look


def is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
