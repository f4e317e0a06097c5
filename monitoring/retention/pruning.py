"""One pass of retention: artifacts of each printer, then the stream."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine

from layerwatch.artifacts import Artifacts
from monitoring.history.store import HistoryStore, Position
from monitoring.retention.artifacts import ArtifactPruner, Cleared
from monitoring.retention.rules import Limits
from monitoring.retention.stream import StreamLimits, Trimmed, trim
from monitoring.settings import MonitoringSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRules:
    """What the settings say."""

    artifacts: Limits
    stream: StreamLimits

    @classmethod
    def of(cls, settings: MonitoringSettings) -> Self:
        days, entries = settings.keep_stream_days, settings.keep_stream_entries
        return cls(
            artifacts=Limits.of(days=settings.keep_days, gb=settings.keep_gb),
            stream=StreamLimits(age=None if days is None else timedelta(days=days), entries=entries),
        )

    @property
    def keep_all(self) -> bool:
        return self.artifacts == Limits() and self.stream == StreamLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a pass did.

    Attributes:
        stream: None where Redis did not answer.
        waits: the history is reading the artifacts for what the stream had lost, and cannot say yet what is protected.
    """

    printers: tuple[Cleared, ...]
    stream: Trimmed | None
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """All that a pass needs."""

    engine: Engine
    artifacts: Artifacts
    redis: Redis
    rules: KeepRules

    def run(self, now: datetime, *, dry_run: bool = False, stopped: Callable[[], bool] = lambda: False) -> Pruned:
        """Remove what the rules say.

        Raises:
            OSError: the artifacts cannot be reached now.
        """
        written = HistoryStore(self.engine).position()
        pruner = ArtifactPruner(
            self.engine, self.artifacts, self.rules.artifacts, dry_run=dry_run, stopped=stopped
        )  # fmt: skip
        stream = self._trimmed(written, now, dry_run=dry_run)  # first: it needs no artifacts
        printers = tuple(pruner.run(now, may_remove=not written.has_gap))
        return Pruned(printers=printers, stream=stream, waits=written.has_gap)

    def _trimmed(self, written: Position, now: datetime, *, dry_run: bool) -> Trimmed | None:
        try:
            return trim(self.redis, self.rules.stream, written=written.cursor, now=now, dry_run=dry_run)
        except RedisError:
            return None
