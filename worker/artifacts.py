"""The files of one layer: overlay and mask first, verdict.json last, each there whole or not at all.

What earlier revisions said stays in verdict-1.json, verdict-2.json and so on, so that no verdict is ever lost.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import PurePosixPath

from layerwatch.artifacts import NO_ROOM, Location, open_artifacts
from layerwatch.errors import ArtifactsAwayError, ArtifactsUnwritableError, WireError
from layerwatch.layer_files import VERDICT, earlier_verdict
from layerwatch.layers import LayerKey
from layerwatch.verdict import Verdict


def folder_of(key: LayerKey) -> PurePosixPath:
    """Return the layer's folder below the artifacts: PRINTER/BUILD/LLLLLL_STAGE."""
    return key.folder


class ArtifactStore:
    """The artifacts of layers, in a folder or an object store.

    All but `prepare` and `probe` raise ArtifactsUnwritableError while nothing can be written there, and another OSError
    where only this one file cannot.
    """

    def __init__(self, location: Location, *, folder: Callable[[LayerKey], PurePosixPath] = folder_of) -> None:
        self._location = location
        self._artifacts = open_artifacts(location)
        self._folder = folder
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="artifacts")

    def prepare(self) -> None:
        """Make sure that files can be written.

        Raises:
            SettingsError: nothing can be written there.
        """
        self._artifacts.prepare()

    def probe(self, size: int) -> None:
        """Look whether files of so many bytes can be written.

        Raises:
            OSError: not now.
        """
        self._artifacts.probe(size)

    def write(self, key: LayerKey, name: str, content: bytes) -> str:
        """Write one file of a layer and return its path below the root."""
        path = self._folder(key) / name
        with self._telling_whose_fault(size=len(content)):
            self._artifacts.write(path, content)
        return str(path)

    def write_beside(self, key: LayerKey, name: str, encode: Callable[[], bytes]) -> Future[str]:
        """Encode and write one file in a thread, while the caller does something else."""
        return self._beside.submit(lambda: self.write(key, name, encode()))

    def remove(self, key: LayerKey, name: str) -> None:
        """Remove a file that an earlier revision of the layer left."""
        with self._telling_whose_fault():
            self._artifacts.remove(self._folder(key) / name)

    def write_verdict(self, verdict: Verdict) -> None:
        """Write verdict.json, after what lies there on other pictures of the layer is kept, to the letter, beside it.

        A newer revision stays, and the verdict is kept beside that.
        """
        content, lies = verdict.to_json().encode(), self._read(verdict.key)
        over = _verdict_in(lies)
        if over is not None and over.revision > verdict.revision:
            self.write(verdict.key, earlier_verdict(verdict.revision), content)
            return
        if over is not None and over.id != verdict.id:
            self.write(verdict.key, earlier_verdict(over.revision), lies)
        self.write(verdict.key, VERDICT, content)

    def verdict(self, key: LayerKey) -> Verdict | None:
        """Return the verdict that lies in the layer's folder, None where there is none that can be read.

        Raises:
            OSError: nobody can say now whether there is one.
        """
        return _verdict_in(self._read(key))

    def _read(self, key: LayerKey) -> bytes:
        """Return the content of verdict.json, nothing where there is none."""
        with self._telling_whose_fault():
            try:
                return self._artifacts.read(self._folder(key) / VERDICT)
            except FileNotFoundError:
                return b""

    @contextmanager
    def _telling_whose_fault(self, *, size: int = 0) -> Iterator[None]:
        """Tell a place where nothing can be written, which is waited for, from one file that cannot be.

        Args:
            size: bytes that the block writes.
        """
        try:
            yield
        except OSError as error:
            if self._is_unwritable(error, size):
                raise ArtifactsUnwritableError(_in_words(error, self._location), size=size) from error
            raise

    def _is_unwritable(self, error: OSError, size: int) -> bool:
        """Whether nothing can be written: a probe tells, but might fit where the rest of a layer does not."""
        if error.errno in NO_ROOM or isinstance(error, ArtifactsAwayError):
            return True
        try:
            self.probe(size)
        except OSError:
            return True
        return False


def _in_words(error: OSError, location: Location) -> str:
    if isinstance(error, ArtifactsAwayError):
        return f"{error}; no artifacts can be written until it answers"
    todo = "make room there" if error.errno in NO_ROOM else "is it mounted, and may this user write there?"
    return f"cannot write to {location}: {error.strerror or error}; {todo}"


def _verdict_in(body: bytes) -> Verdict | None:
    try:
        return Verdict.from_json(body)
    except WireError:
        return None
