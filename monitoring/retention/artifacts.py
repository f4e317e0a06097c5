"""Removes overlays and masks, printer by printer, one build in memory at a time."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

import structlog
from sqlalchemy import Engine

from layerwatch.artifacts import Artifacts, StoredFile
from layerwatch.errors import WireError
from layerwatch.layer_files import VERDICT
from layerwatch.layers import PRINTER_NAME
from layerwatch.verdict import Verdict
from monitoring.history.from_artifacts import build_folders
from monitoring.retention.protected import protected_layers
from monitoring.retention.queries import RetentionQueries
from monitoring.retention.rules import IN_PROGRESS, REMOVABLE, Choice, Limits, OldLayer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What was removed of one printer, or would be, and what is left; bytes of overlays and masks."""

    printer: str
    files: int
    removed: int
    left: int


class ArtifactPruner:
    """Removes what is older or more than the limits say; may be stopped and run again at any point.

    Args:
        engine: the history, which knows what is protected; what it does not know is kept.
        stopped: asked before each layer.
    """

    def __init__(
        self,
        engine: Engine,
        artifacts: Artifacts,
        limits: Limits,
        *,
        dry_run: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._engine = engine
        self._queries = RetentionQueries(engine)
        self._artifacts = artifacts
        self._limits = limits
        self._dry_run = dry_run
        self._stopped = stopped

    def run(self, now: datetime, *, may_remove: bool = True) -> Iterator[Cleared]:
        """Yield for each printer what was removed; without `may_remove` only what is there.

        Raises:
            OSError: the artifacts cannot be reached now.
        """
        limits = self._limits if may_remove else Limits()
        for printer in filter(PRINTER_NAME.fullmatch, self._artifacts.folders()):
            if self._stopped():
                return
            sizes = {folder.name: self._size(folder) for folder in build_folders(self._artifacts, printer=printer)}
            stored = sum(sizes.values())
            files = removed = 0
            for layer in self._victims(printer, sizes, Choice(limits, now=now, stored=stored), now):
                files += len(layer.files)
                removed += layer.size
            yield Cleared(printer=printer, files=files, removed=removed, left=stored - removed)

    def _victims(self, printer: str, sizes: Mapping[str, int], choice: Choice, now: datetime) -> Iterator[OldLayer]:
        for build in self._queries.ended_builds(printer, before=now - IN_PROGRESS):
            if sizes.get(build.name) and choice.wants(build.began):
                yield from choice.victims(self._layers(printer, build.name, now), self._remove)

    def _size(self, folder: PurePosixPath) -> int:
        return sum(file.size for file in self._removable(folder))

    def _removable(self, folder: PurePosixPath) -> Iterator[StoredFile]:
        return (file for file in self._artifacts.stored(folder) if file.path.name in REMOVABLE)

    def _layers(self, printer: str, build: str, now: datetime) -> Iterator[OldLayer]:
        """Yield the layers of a build that may lose their files, oldest first."""
        files = defaultdict[PurePosixPath, list[StoredFile]](list)
        for file in self._removable(PurePosixPath(printer, build)):
            files[file.path.parent].append(file)
        protected = protected_layers(self._engine, printer, build)
        for known in self._queries.layers_by_age(printer, build):
            its = files.get(known.key.folder, [])
            if its and known.key not in protected and all(file.written < now - IN_PROGRESS for file in its):
                yield OldLayer(known=known, files=tuple(its))

    def _remove(self, layer: OldLayer) -> bool:
        if self._stopped() or not self._is_told_by_history(layer):
            return False
        if not self._dry_run:
            for file in layer.files:
                self._artifacts.remove(file.path)
        return True

    def _is_told_by_history(self, layer: OldLayer) -> bool:
        """Return whether the verdict that lies there is the one that the history judges the layer by."""
        try:
            verdict = Verdict.from_json(self._artifacts.read(layer.known.key.folder / VERDICT))
        except (FileNotFoundError, WireError):
            log.warning("artifacts_without_verdict_kept", layer=str(layer.known.key))
            return False
        return verdict.id == layer.known.inspection
