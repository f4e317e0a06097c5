"""Verdicts as they lie in the artifacts, which alone are enough for the whole history."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

import structlog

from layerwatch.artifacts import Artifacts
from layerwatch.errors import WireError
from layerwatch.layer_files import ANY_VERDICT
from layerwatch.layers import BUILD_NAME, PRINTER_NAME
from monitoring.history.records import Published

READERS = 8  # an object store answers each of them in some ten milliseconds
CHUNK = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some verdicts of one build, and how many files of it could not be read as one."""

    found: tuple[Published, ...]
    unreadable: int


def build_folders(
    artifacts: Artifacts, *, printer: str | None = None, build: str | None = None
) -> Iterator[PurePosixPath]:
    """Yield the folders of builds, in order: all, those of a printer, those of a name, or the one of both.

    Raises:
        OSError: the artifacts cannot be listed, or there are none.
    """
    printers = artifacts.folders() if printer is None else (printer,)
    for each in filter(PRINTER_NAME.fullmatch, printers):
        for name in artifacts.folders(PurePosixPath(each)):
            if BUILD_NAME.fullmatch(name) and build in {None, name}:
                yield PurePosixPath(each, name)


def verdicts_in(artifacts: Artifacts, folder: PurePosixPath) -> Iterator[Chunk]:
    """Yield what the verdict files of a build say, also of earlier revisions, in chunks that fit into memory.

    Raises:
        OSError: they cannot be read now.
    """
    files = (path for path in artifacts.paths(folder) if ANY_VERDICT.fullmatch(str(path)))
    with ThreadPoolExecutor(READERS, thread_name_prefix="verdicts") as readers:
        while paths := tuple(islice(files, CHUNK)):
            read = tuple(readers.map(_reader(artifacts), paths))
            yield Chunk(
                found=tuple(each for each in read if isinstance(each, Published)),
                unreadable=sum(isinstance(each, WireError) for each in read),
            )


def _reader(artifacts: Artifacts) -> Callable[[PurePosixPath], Published | WireError | None]:
    def read(path: PurePosixPath) -> Published | WireError | None:
        try:
            return _checked(Published.read(artifacts.read(path)), path)
        except FileNotFoundError:  # removed since it was listed
            return None
        except WireError as error:
            log.warning("verdict_unreadable", path=str(path), error=str(error))
            return error

    return read


def _checked(published: Published, path: PurePosixPath) -> Published:
    """Return what was read if it is about the layer in whose folder it lies.

    Raises:
        WireError: it is not, as where a folder was copied under another name.
    """
    if published.verdict.key.folder != path.parent:
        raise WireError(f"a verdict on {published.verdict.key} lies in {path.parent}")
    return published
