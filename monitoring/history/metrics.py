"""What the recorder tells Prometheus: what it wrote, and how far behind the stream it is."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from layerwatch.timely import Timely
from layerwatch.verdict_stream import STREAM, entries_of, position
from monitoring.history.source import Facts
from monitoring.history.store import Position
from monitoring.history.writing import Written
from monitoring.redis_metrics import ANSWER_SECONDS


class RecorderMetrics:
    """Counted since the start of this process.

    Attributes:
        at: how far the stream is written, None until the history database has answered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.at: Position | None = None
        self.verdicts = Counter(
            "layerwatch_history_verdicts_total", "Verdicts written into the history.", registry=registry
        )
        self.unreadable = Counter(
            "layerwatch_history_unreadable_total", "What was found and is no verdict, or is refused by the database.",
            registry=registry,
        )  # fmt: skip
        self.up = Gauge("layerwatch_history_up", "1 while the history database answers.", registry=registry)
        self.catching_up = Gauge(
            "layerwatch_history_catching_up", "1 while the artifacts are read for what the stream no longer holds.",
            registry=registry,
        )  # fmt: skip

    def count(self, written: Written) -> None:
        self.verdicts.inc(len(written.new))
        self.unreadable.inc(written.refused)


class LagCollector(Collector):
    """Asks Redis at each scrape what is not yet written, so that a recorder that hangs cannot look well."""

    def __init__(self, client: Redis, metrics: RecorderMetrics) -> None:
        self._redis = client
        self._metrics = metrics
        self._families = Timely(self._read)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with suppress(RedisError, TimeoutError):
            yield from self._families.within(ANSWER_SECONDS)

    def _read(self) -> list[GaugeMetricFamily]:
        at = self._metrics.at
        if at is None:
            return []
        first = entries_of(cast("list[Any]", self._redis.xrange(STREAM, f"({at.cursor}", count=1)))
        age = max(0.0, datetime.now(UTC).timestamp() - position(first[0].cursor)[0] / 1000) if first else 0.0
        families = [_gauge("seconds", "Age of the oldest verdict that is not yet written.", age)]
        lag = self._entries(at) if first else 0
        if lag is not None:
            families.append(_gauge("verdicts", "Entries of the stream that are not yet written.", lag))
        return families

    def _entries(self, at: Position) -> int | None:
        facts = Facts.ask(self._redis)
        if facts.added is None or facts.lost is None:
            return None
        return max(0, facts.added - max(facts.lost, at.entries or 0))


def _gauge(unit: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"layerwatch_history_lag_{unit}", documentation, value=value)
