"""Paths from outside that must stay inside their root."""

from pathlib import Path, PurePosixPath

from layerwatch.errors import UnsafePathError


def inside(root: Path, relative: str) -> Path:
    """Return root / relative with all links resolved.

    Raises:
        UnsafePathError: it is absolute, climbs out by '..', or a link leads out or in a circle.
    """
    base = root.resolve()
    if "\0" in relative or Path(relative).is_absolute():
        raise UnsafePathError(relative, root=root)
    try:
        target = (base / relative).resolve()
    except RuntimeError as error:  # a circle of links; from Python 3.13 on it comes back as a link
        raise UnsafePathError(relative, root=root) from error
    if target == base or not target.is_relative_to(base) or target.is_symlink():
        raise UnsafePathError(relative, root=root)
    return target


def below(root: Path | str, path: PurePosixPath) -> PurePosixPath:
    """Return a path that only goes down from a root, whatever lies there.

    Raises:
        UnsafePathError: it is absolute, empty, or climbs by '..'.
    """
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in str(path):
        raise UnsafePathError(str(path), root=root)
    return path
