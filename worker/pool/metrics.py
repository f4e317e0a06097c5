"""/metrics and /health of a pool: those of its workers, each under its name, so that one target stands for all."""

import json
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from urllib.error import HTTPError

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from worker.pool.members import Pool
from worker.pool.processes import LOOPBACK

PATIENCE_SECONDS = 2.0  # with a worker that does not answer
MOST_AT_ONCE = 32  # workers that are asked side by side, so that several that hang do not fail the scrape of all

Ports = Mapping[str, int]


def is_ready(ports: Ports, worker: str) -> bool:
    """Return whether a worker says that it has all it needs.

    Raises:
        OSError, KeyError: it does not answer, or was not started yet.
    """
    return bool(_get(ports[worker], "/health"))


def artifacts_writable(ports: Ports) -> bool:
    """Return whether no worker says that it cannot write its artifacts; one that does not answer says nothing."""
    return all(map(_says_writable, tuple(ports.values())))


def _says_writable(port: int) -> bool:
    try:
        _get(port, "/health")
    except HTTPError as failing:
        with failing:
            return bool(json.load(failing)["checks"]["artifacts"])
    except (OSError, HTTPException):
        pass
    return True


def pool_registry(pool: Pool, ports: Ports) -> CollectorRegistry:
    """Return what the /metrics of a pool shows."""
    registry = CollectorRegistry()
    registry.register(_PoolCollector(pool, ports))
    return registry


class _PoolCollector(Collector):
    def __init__(self, pool: Pool, ports: Ports) -> None:
        self._pool = pool
        self._ports = ports

    def collect(self) -> Iterable[Metric]:
        running = sum(member.runs for member in self._pool.members)
        yield GaugeMetricFamily("layerwatch_pool_workers", "Workers of the pool that run.", value=running)
        deaths = CounterMetricFamily("layerwatch_worker_deaths", "Times a worker of the pool died.", labels=["worker"])
        for member in self._pool.members:
            deaths.add_metric([member.place.name], member.deaths)
        yield deaths
        yield from merged(self._scrape_all([one.place.name for one in self._pool.members if one.runs]))

    def _scrape_all(self, workers: Sequence[str]) -> Mapping[str, str]:
        """Return the metrics of each worker that answers, by its name."""
        with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as executor:
            texts = executor.map(self._scrape, workers)
            return {worker: text for worker, text in zip(workers, texts, strict=True) if text}

    def _scrape(self, worker: str) -> str:
        """Return a worker's metrics, nothing while it does not answer, or where it dies while it does."""
        try:
            return _get(self._ports[worker], "/metrics")
        except (OSError, HTTPException):
            return ""

    def describe(self) -> Iterable[Metric]:
        return ()  # asked at the start, when no worker answers


def merged(texts: Mapping[str, str]) -> Iterable[Metric]:
    """Return the metrics of several workers as one set, the label `worker` telling them apart.

    Args:
        texts: a worker's name -> its /metrics.
    """
    families: dict[str, Metric] = {}
    for worker, text in texts.items():
        for family in text_string_to_metric_families(text):
            one = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                one.add_sample(sample.name, {**sample.labels, "worker": worker}, sample.value)
    return families.values()


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=PATIENCE_SECONDS) as answer:
        return str(answer.read().decode())
