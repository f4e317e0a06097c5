"""However much is printed, Prometheus gets no more series: 10,000 layers of 50 builds through what each role counts."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, CollectorRegistry
from redis import Redis

from ingest import metrics as ingest_metrics
from ingest.assembly import Emission
from ingest.feed import Feed, Sink
from ingest.regularity import Regularity
from layerwatch.artifacts import ArtifactFolder
from layerwatch.layers import LayerSet, Stage
from layerwatch.memory import InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.profile import load_profile
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Decision, Verdict
from monitoring.metrics import VerdictMetrics
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.metrics import RiskMetrics
from monitoring.over_layers.watch import BuildWatch
from monitoring.redis_metrics import RedisCollector
from monitoring.rows import row_of
from worker import metrics as worker_metrics

pytestmark = pytest.mark.redis

PRINTERS = ("m290", "m400")
LAYERS = 200
FEW = 8  # builds: what drifts is known of a printer and stage after 200 layer sets
LABELS = {"printer", "stage", "decision", "outcome", "reason", "irregularity", "bundle", "precision", "backend", "step"}
LABELS |= {"state", "group", "kind", "le"}
Series = frozenset[tuple[str, frozenset[tuple[str, str]]]]


class Roles:
    """What ingest, a worker, the page and the recorder count, with Redis between them."""

    def __init__(self, client: Redis, folder: Path) -> None:
        self.page = CollectorRegistry()
        self.page.register(RedisCollector(client))
        self._verdicts = VerdictMetrics(self.page)
        self._watch, self._risks = BuildWatch(RiskLimits()), RiskMetrics(self.page)
        self._results = RedisResults(client)
        self._queue = InMemoryQueue()
        profile = load_profile("nist-ammt")
        sink = Sink(
            queue=self._queue,
            ledger=InMemoryResults(),
            sources=InMemorySources(),
            artifacts=ArtifactFolder(folder / "artifacts"),
        )
        self._feed = Feed(sink, profile)
        self._regularity = {printer: Regularity(printer, profile) for printer in PRINTERS}
        for printer in PRINTERS:
            ingest_metrics.begin(printer)

    def print_build(self, number: int, verdicts: Iterator[Verdict], sets: Iterator[LayerSet]) -> None:
        """Let a build pass through all of them."""
        for layer_set, verdict in zip(sets, verdicts, strict=True):
            about = {"problems": (), "duplicate": False, "unequal": False, "live": True}
            self._feed.offer([Emission(layer_set=layer_set, **about)])  # type: ignore[arg-type]  # four keywords
            rhythm = self._regularity[layer_set.key.printer]
            rhythm.entered(layer_set.key, written_ns=10**18, now=float(number), live=True, replaced=False)
            self._results.publish(verdict)
            worker_metrics.count_verdict(verdict, publish_seconds=0.001)
            self._verdicts.count(row_of(verdict))
            self._watch.see(verdict)
            self._risks.show(self._watch, verdict.printer)
        self._feed.flush(float(number))
        for rhythm in self._regularity.values():
            rhythm.report(float(number), at_once=True)
        self._queue.messages.clear()

    def series(self) -> Series:
        found = [sample for family in (*REGISTRY.collect(), *self.page.collect()) for sample in family.samples]
        ours = [sample for sample in found if sample.name.startswith("layerwatch_")]
        # Other tests of this process may have counted other printers.
        return frozenset(
            (sample.name, frozenset(sample.labels.items()))
            for sample in ours
            if sample.labels.get("printer", PRINTERS[0]) in PRINTERS
        )


@pytest.fixture
def roles(any_redis: Redis, tmp_path: Path) -> Roles:
    return Roles(any_redis, tmp_path)


def stage_of(layer: int) -> Stage:
    return tuple(Stage)[layer // 2 % 2]


def layer_sets(build: int, some_set: Callable[..., LayerSet]) -> Iterator[LayerSet]:
    for layer in range(LAYERS):
        printer, stage = PRINTERS[layer % 2], stage_of(layer)
        yield some_set(printer=printer, build=f"job{build}", layer=layer, stage=stage, content=f"job{build}")


def verdicts_of(build: int, some_verdict: Callable[..., Verdict]) -> Iterator[Verdict]:
    by_decision = [some_verdict(decision=decision, areas_px=(40,)) for decision in Decision]
    for layer in range(LAYERS):
        name = f"{PRINTERS[layer % 2]}_job{build}_{layer:06d}_{stage_of(layer)}"
        about = {
            "id": f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:12]}",
            "printer": PRINTERS[layer % 2],
            "build": f"job{build}",
            "layer": layer,
            "stage": stage_of(layer),
        }
        yield by_decision[layer // 4 % 4].model_copy(update=about)


def test_ten_thousand_layers_of_fifty_builds_have_the_series_of_the_first_few(
    roles: Roles, some_verdict: Callable[..., Verdict], some_set: Callable[..., LayerSet], any_redis: Redis
) -> None:
    for build in range(FEW):
        roles.print_build(build, verdicts_of(build, some_verdict), layer_sets(build, some_set))
    after_few = roles.series()

    for build in range(FEW, 50):
        roles.print_build(build, verdicts_of(build, some_verdict), layer_sets(build, some_set))
    after_all = roles.series()

    assert any_redis.xlen("layerwatch:verdicts") == 10_000
    assert after_all == after_few
    assert len(after_all) < 1000
    assert {name for _, labels in after_all for name, _ in labels} <= LABELS
