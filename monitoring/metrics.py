"""What Prometheus gets of the verdicts as they pass: the view of the whole plant, whichever worker judged."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from layerwatch.layers import Stage
from layerwatch.verdict import Decision
from monitoring.rows import Row

VERDICT_BUCKETS = (0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600)
MOST_PRINTERS, MOST_BUNDLES = 100, 50
OTHERS = "others"


class KnownNames:
    """The first names that come; all further ones are `others`, so that who publishes cannot fill Prometheus."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: set[str] = set()

    def label(self, name: str) -> str:
        if name not in self._names and len(self._names) >= self._most:
            return OTHERS
        self._names.add(name)
        return name


class VerdictMetrics:
    """Counts verdicts from the moment that this process starts to listen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._printers, self._bundles = KnownNames(MOST_PRINTERS), KnownNames(MOST_BUNDLES)
        self._decisions = Counter(
            "layerwatch_decisions_total",
            "Verdicts seen on the stream.",
            ["printer", "stage", "decision"],
            registry=registry,
        )
        self._by_model = Counter(
            "layerwatch_model_decisions_total",
            "Verdicts seen on the stream, by the model that judged.",
            ["bundle", "decision"],
            registry=registry,
        )
        self._latency = Histogram(
            "layerwatch_file_to_verdict_seconds",
            "From the printer's last write to the published verdict.",
            ["printer", "stage"],
            buckets=VERDICT_BUCKETS,
            registry=registry,
        )

    def count(self, row: Row) -> None:
        printer = self._printers.label(row.printer)
        self._begin(printer)
        self._decisions.labels(printer, row.stage.value, row.decision.value).inc()
        self._latency.labels(printer, row.stage.value).observe(max(0.0, row.seconds))
        if row.bundle is not None:
            bundle = self._bundles.label(row.bundle)
            for decision in Decision:
                self._by_model.labels(bundle, decision.value)
            self._by_model.labels(bundle, row.decision.value).inc()

    def _begin(self, printer: str) -> None:
        """Have all series of a printer there with its first verdict: a share of nothing is no share."""
        for stage in Stage:
            self._latency.labels(printer, stage.value)
            for decision in Decision:
                self._decisions.labels(printer, stage.value, decision.value)
