"""What Prometheus gets from monitoring: the state of Redis at each scrape, and the verdicts as they pass."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.registry import DeferredJobRegistry, FailedJobRegistry, ScheduledJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE
from layerwatch.layers import Stage
from layerwatch.redis_connection import connect
from layerwatch.verdict import Decision
from layerwatch.verdict_stream import STREAM, entries_of, position
from monitoring.rows import Row

SCRAPE_TIMEOUT_SECONDS = 2  # Prometheus itself gives up after ten
VERDICT_BUCKETS = (0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600)
REGISTRIES = {
    "started": StartedJobRegistry,
    "failed": FailedJobRegistry,
    "scheduled": ScheduledJobRegistry,
    "deferred": DeferredJobRegistry,
}


def connect_for_scrapes(url: str) -> Redis:
    """Return a client that fails soon, so that a Redis that hangs does not make the scrape hang."""
    return connect(url, retries=0, timeout_seconds=SCRAPE_TIMEOUT_SECONDS)


class RedisCollector(Collector):
    """Reads queue and stream when it is scraped; while Redis is away it says only that."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            families = [*self._queue(), *self._stream()]
        except RedisError:
            families = []
        yield GaugeMetricFamily("layerwatch_redis_up", "1 while Redis answers.", value=float(bool(families)))
        yield from families

    def _queue(self) -> Iterator[GaugeMetricFamily]:
        queue = Queue(INSPECT_QUEUE, connection=self._redis, serializer=JSONSerializer)
        jobs = GaugeMetricFamily("layerwatch_queue_jobs", "Inspections by what they wait for.", labels=["state"])
        jobs.add_metric(["queued"], len(queue))
        for state, registry in REGISTRIES.items():
            # A scrape only looks: RQ's own count would move expired jobs.
            jobs.add_metric([state], registry(queue=queue).get_job_count(cleanup=False))
        yield jobs

    def _stream(self) -> Iterator[GaugeMetricFamily]:
        length = float(self._redis.xlen(STREAM))
        yield GaugeMetricFamily("layerwatch_verdict_stream_length", "Verdicts that the stream holds.", value=length)
        last = entries_of(cast("list[Any]", self._redis.xrevrange(STREAM, count=1)))
        if last:
            age = max(0.0, datetime.now(UTC).timestamp() - position(last[0].cursor)[0] / 1000)
            yield GaugeMetricFamily("layerwatch_last_verdict_age_seconds", "Since the last verdict.", value=age)


class VerdictMetrics:
    """Counts verdicts from the moment that this process starts to listen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Counter(
            "layerwatch_decisions_total", "Verdicts seen on the stream.", ["decision", "stage"], registry=registry
        )
        self._latency = Histogram(
            "layerwatch_file_to_verdict_seconds",
            "From the printer's last write to the published verdict.",
            ["stage"],
            buckets=VERDICT_BUCKETS,
            registry=registry,
        )
        for stage in Stage:  # a series that begins at its first count shows no increase there
            self._latency.labels(stage=stage.value)
            for decision in Decision:
                self._decisions.labels(decision=decision.value, stage=stage.value)

    def count(self, row: Row) -> None:
        self._decisions.labels(decision=row.decision.value, stage=row.stage.value).inc()
        self._latency.labels(stage=row.stage.value).observe(max(0.0, row.seconds))
