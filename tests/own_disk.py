"""A real disk of a test's own, small, which can be filled and made read-only."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class Disk:
    """A file system of its own."""

    SIZE = 4 << 20

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no room for a single byte."""
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def make_room(self) -> None:
        self._ballast.unlink()

    def lock(self) -> None:
        """Let nobody write."""
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)

    def unlock(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)


@contextmanager
def own_disk(folder: Path) -> Iterator[Disk]:
    """Mount one on a new folder; skip where that takes rights that one does not have."""
    folder.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("mount is not installed")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={Disk.SIZE}", "layerwatch-test", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"a disk that can be filled takes the right to mount one: {mounted.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
