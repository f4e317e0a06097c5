"""The files of one layer: overlay and mask first, verdict.json last, each there whole or not at all."""

import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from layerwatch.atomic import write_atomic
from layerwatch.errors import SettingsError, WireError
from layerwatch.layers import LayerKey
from layerwatch.verdict import Verdict

VERDICT = "verdict.json"
OVERLAY = "overlay.jpg"
MASK = "mask.png"


def folder_of(key: LayerKey) -> PurePosixPath:
    """Return the layer's folder below the artifacts: PRINTER/BUILD/LLLLLL_STAGE."""
    return key.folder


class ArtifactStore:
    """A folder of artifacts."""

    def __init__(self, root: Path, *, folder: Callable[[LayerKey], PurePosixPath] = folder_of) -> None:
        self.root = root
        self._folder = folder
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="artifacts")

    def prepare(self) -> None:
        """Make the root.

        Raises:
            SettingsError: nothing can be written there.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise SettingsError(f"cannot write to {self.root}: {error.strerror}") from error

    def write(self, key: LayerKey, name: str, content: bytes) -> str:
        """Write one file of a layer and return its path below the root."""
        path = self._folder(key) / name
        write_atomic(self.root / path, content)
        return str(path)

    def write_beside(self, key: LayerKey, name: str, encode: Callable[[], bytes]) -> Future[str]:
        """Encode and write one file in a thread, while the caller does something else."""
        return self._beside.submit(lambda: self.write(key, name, encode()))

    def remove(self, key: LayerKey, name: str) -> None:
        """Remove a file that an earlier revision of the layer left."""
        (self.root / self._folder(key) / name).unlink(missing_ok=True)

    def verdict(self, key: LayerKey) -> Verdict | None:
        """Return the verdict that lies in the layer's folder, None where there is none that can be read."""
        try:
            return Verdict.from_json((self.root / self._folder(key) / VERDICT).read_bytes())
        except (FileNotFoundError, WireError):
            return None
