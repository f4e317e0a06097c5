"""Real pictures, written into a folder once more as if a printer made them now."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2

from layerwatch.errors import SettingsError
from layerwatch.profile import Profile
from simulator.clock import Clock
from simulator.printer import WRITING_SHARE
from simulator.writer import WriteMode, write_files

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What lies in the source folder, in the order in which it is written."""

    root: Path
    pictures: tuple[PurePosixPath, ...]
    skipped: tuple[PurePosixPath, ...]


def find_pictures(root: Path) -> Source:
    """Return the pictures below a folder in natural order: Image2 comes before Image10.

    Raises:
        SettingsError: there is no such folder, or no picture in it.
    """
    if not root.is_dir():
        raise SettingsError(f"there is no folder {root}; give --source a folder with pictures")
    files = sorted((path for path in root.rglob("*") if path.is_file()), key=lambda path: natural_key(path, root))
    pictures = tuple(_relative(path, root) for path in files if _is_picture(path))
    if not pictures:
        raise SettingsError(f"there is no picture in {root}; accepted are {', '.join(sorted(SUFFIXES))}")
    taken = set(pictures)
    skipped = tuple(name for name in (_relative(path, root) for path in files) if name not in taken)
    return Source(root=root, pictures=pictures, skipped=skipped)


def natural_key(path: Path, root: Path) -> list[tuple[int, int, str]]:
    """Return a sort key that reads digits as numbers."""
    pieces = re.findall(r"\d+|\D+", path.relative_to(root).as_posix())
    return [(0, int(piece), piece) if piece.isdecimal() else (1, 0, piece) for piece in pieces]


def _relative(path: Path, root: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(root).as_posix())


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and cv2.haveImageReader(str(path))


def group_by_layer(pictures: Sequence[PurePosixPath], profile: Profile | None) -> list[list[PurePosixPath]]:
    """Return the pictures of each layer set together; without a profile each picture is a layer of its own."""
    groups: dict[object, list[PurePosixPath]] = {}
    for picture in pictures:
        name = profile.read_name(picture) if profile else None
        key = (name.build, name.layer, name.stage) if name else picture
        groups.setdefault(key, []).append(picture)
    return list(groups.values())


def replay_layers(
    source: Source, groups: Sequence[Sequence[PurePosixPath]], out: Path, mode: WriteMode, clock: Clock
) -> Iterator[int]:
    """Write group after group and yield how many files each had."""
    for group in groups:
        clock.wait()
        contents = {str(name): (source.root / name).read_bytes() for name in group}
        write_files(out, contents, mode, seconds=clock.seconds * WRITING_SHARE)
        yield len(contents)
