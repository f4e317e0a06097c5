"""What Prometheus gets of Redis, read at each scrape: queue, workers, stream and its readers, memory."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Queue
from rq.registry import DeferredJobRegistry, FailedJobRegistry, ScheduledJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import utcparse
from rq.worker_registration import get_keys

from layerwatch.job import CANNOT_WRITE, INSPECT_QUEUE
from layerwatch.redis_connection import connect
from layerwatch.timely import Timely
from layerwatch.verdict_stream import STREAM

SCRAPE_TIMEOUT_SECONDS = 2  # for each command
ANSWER_SECONDS = 3.0  # for all of them, and for the name server, which keeps no time; Prometheus gives up after ten
SILENT_SECONDS = 30.0  # a worker says that it lives every few seconds, and others take its job over after 15
MOST_GROUPS: Final = 50  # of the consumer groups that are shown
MOST_JOBS: Final = 20_000  # that are looked at for the oldest; ingest lets a backlog grow to half as many
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
    """Reads Redis when it is scraped; while Redis is away it says only that."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._families = Timely(self._read)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            families = self._families.within(ANSWER_SECONDS)
        except (RedisError, TimeoutError):
            families = []
        yield GaugeMetricFamily("layerwatch_redis_up", "1 while Redis answers.", value=float(bool(families)))
        yield from families

    def _read(self) -> list[GaugeMetricFamily]:
        now = datetime.now(UTC)
        return [
            *queue_metrics(self._redis, now),
            worker_metrics(self._redis, now),
            *stream_metrics(self._redis, now),
            *memory_metrics(self._redis),
            disk_metrics(self._redis),
        ]


def queue_metrics(client: Redis, now: datetime) -> Iterator[GaugeMetricFamily]:
    """Yield how many inspections wait, for what, and for how long the oldest has waited on the queue."""
    jobs = GaugeMetricFamily("layerwatch_queue_jobs", "Inspections by what they wait for.", labels=["state"])
    for state, count in queue_jobs(client).items():
        jobs.add_metric([state], count)
    yield jobs
    # Layers that are printed now go ahead of a backlog, so the oldest may be anywhere: one command reads all times.
    times = cast("list[bytes | None]", _unsorted(client, _queue(client).key, "rq:job:*->enqueued_at"))
    yield GaugeMetricFamily(
        "layerwatch_queue_oldest_job_age_seconds",
        "For how long the oldest inspection on the queue has waited, 0 if none does.",
        value=max((_age(time, now) for time in times if time), default=0.0),
    )


def _unsorted(client: Any, key: str, pattern: str) -> object:  # noqa: ANN401 - of Redis, whose own type is partial
    """Return what the pattern names for each entry of a list, in its order."""
    words = (key, "BY", "nosort", "LIMIT", 0, MOST_JOBS, "GET", pattern)
    try:
        return client.execute_command("SORT_RO", *words)  # redis-py's own sort_ro calls SORT
    except ResponseError:  # before Redis 7; SORT counts as writing, and is refused while the disk of Redis is full
        return client.execute_command("SORT", *words)


def queue_jobs(client: Redis) -> dict[str, int]:
    """Return how many inspections there are by what they wait for; it only looks."""
    queue = _queue(client)
    # RQ's own counts of the registries would move expired jobs.
    waiting = {state: registry(queue=queue).get_job_count(cleanup=False) for state, registry in REGISTRIES.items()}
    return {"queued": len(queue), **waiting}


def worker_metrics(client: Redis, now: datetime) -> GaugeMetricFamily:
    """Return how many workers there are on all machines, scraped or not, by what they do."""
    states = worker_states(client, now)
    family = GaugeMetricFamily("layerwatch_workers", "Workers of all machines by what they do.", labels=["state"])
    for state in ("idle", "busy", "silent"):
        family.add_metric([state], states[state])
    return family


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSeen:
    """What one worker says of itself.

    Attributes:
        state: `idle`, `busy`, or `silent` though it never said that it stops.
        cannot_write: why it can write no artifacts, and what to do; empty while it can.
    """

    state: str
    cannot_write: str = ""

    @property
    def lives(self) -> bool:
        return self.state != "silent"


def workers_seen(client: Redis, now: datetime) -> list[WorkerSeen]:
    """Return the workers of all machines."""
    with client.pipeline(transaction=False) as pipeline:
        for key in get_keys(queue=_queue(client)):
            pipeline.hmget(key, "last_heartbeat", "state", CANNOT_WRITE)
        found = pipeline.execute()
    return [
        WorkerSeen(
            state=_worker_state(heartbeat, state, now), cannot_write=(cannot_write or b"").decode(errors="replace")
        )
        for heartbeat, state, cannot_write in found
        if heartbeat
    ]


def worker_states(client: Redis, now: datetime) -> Counter[str]:
    """Return how many workers of all machines are idle, busy, or silent."""
    return Counter(worker.state for worker in workers_seen(client, now))


def _queue(client: Redis) -> Queue:
    return Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)


def _worker_state(heartbeat: bytes, state: bytes | None, now: datetime) -> str:
    if _age(heartbeat, now) > SILENT_SECONDS:
        return "silent"
    return "busy" if state == b"busy" else "idle"


def _age(time: bytes, now: datetime) -> float:
    """Return the seconds since a time as RQ writes it."""
    return max(0.0, (now - utcparse(time.decode())).total_seconds())


def stream_metrics(client: Redis, now: datetime) -> Iterator[GaugeMetricFamily]:
    """Yield what the stream of verdicts holds, when the last came, and how far its consumer groups are."""
    length = float(client.xlen(STREAM))
    yield GaugeMetricFamily("layerwatch_verdict_stream_length", "Verdicts that the stream holds.", value=length)
    last = cast("list[Any]", client.xrevrange(STREAM, count=1))
    if last:
        milliseconds, _, _ = last[0][0].partition(b"-")
        age = max(0.0, now.timestamp() - int(milliseconds) / 1000)
        yield GaugeMetricFamily("layerwatch_last_verdict_age_seconds", "Since the last verdict.", value=age)
    yield from group_metrics(cast("list[Any]", client.xinfo_groups(STREAM)) if client.exists(STREAM) else [])


def group_metrics(groups: list[Mapping[str, Any]]) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    """Return how many verdicts consumer groups have not been given, and have not acknowledged.

    The first is not known of a group that was set to begin in the middle, and before Redis 7.
    """
    lag = GaugeMetricFamily(
        "layerwatch_verdict_stream_group_lag", "Verdicts that a consumer group was not given yet.", labels=["group"]
    )
    pending = GaugeMetricFamily(
        "layerwatch_verdict_stream_group_pending",
        "Verdicts that a consumer group was given and has not acknowledged.",
        labels=["group"],
    )
    for group in sorted(groups, key=lambda group: group["name"])[:MOST_GROUPS]:
        name = group["name"].decode(errors="replace")
        pending.add_metric([name], group["pending"])
        if group.get("lag") is not None:
            lag.add_metric([name], group["lag"])
    return lag, pending


def memory_metrics(client: Redis) -> Iterator[GaugeMetricFamily]:
    memory = client.info("memory")
    used, most = float(memory["used_memory"]), float(memory["maxmemory"])
    yield GaugeMetricFamily("layerwatch_redis_memory_bytes", "Memory that Redis uses.", value=used)
    yield GaugeMetricFamily(
        "layerwatch_redis_memory_limit_bytes", "Memory that Redis may use, 0 for no limit.", value=most
    )


def disk_metrics(client: Redis) -> GaugeMetricFamily:
    """Return whether Redis takes what is written to it, as it does not once its own disk is full or broken."""
    told = client.info("persistence")
    states = {told.get("aof_last_write_status", "ok"), told.get("rdb_last_bgsave_status", "ok")}
    return GaugeMetricFamily(
        "layerwatch_redis_writable", "0 while Redis cannot save, and refuses to write.", value=float(states == {"ok"})
    )
