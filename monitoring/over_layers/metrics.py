"""What Prometheus gets of builds over their layers."""

from contextlib import suppress

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from layerwatch.events import EventKind
from monitoring.over_layers.watch import BuildWatch


class RiskMetrics:
    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._events = Counter(
            "layerwatch_events_total", "Events told about builds and printers.", ["kind"], registry=registry
        )
        self._ratio = Gauge(
            "layerwatch_drift_defect_rate_ratio",
            "Share of flagged layer sets lately, over what is normal for the printer.",
            ["printer"],
            registry=registry,
        )
        self._score = Gauge(
            "layerwatch_drift_picture_score",
            "How far saturation or sharpness is from the printer's normal; 1 is a drift.",
            ["printer"],
            registry=registry,
        )
        self._rate_score = Gauge(
            "layerwatch_drift_defect_rate_score",
            "How far the share of flagged layer sets is from the printer's normal; 1 is a drift.",
            ["printer"],
            registry=registry,
        )
        self._at_risk = Gauge(
            "layerwatch_builds_at_risk", "1 where the build being printed is at risk.", ["printer"], registry=registry
        )
        self._printers: set[str] = set()
        for kind in EventKind:  # a series that begins at its first count shows no increase there
            self._events.labels(kind=kind.value)

    def told(self, kind: EventKind) -> None:
        self._events.labels(kind=kind.value).inc()

    def show(self, watch: BuildWatch, printer: str) -> None:
        """Bring the gauges up to date after a verdict of a printer."""
        records = watch.printers
        for gone in self._printers - records.keys():
            self._remove(gone)
        self._printers = set(records)
        for name in records:  # a printer that prints another build now is no longer at risk
            self._at_risk.labels(printer=name).set(watch.is_at_risk(name))
        record = records.get(printer)
        if record is not None and record.rate_ratio is not None:
            self._ratio.labels(printer=printer).set(record.rate_ratio)
        if record is not None and record.rate_score is not None:
            self._rate_score.labels(printer=printer).set(record.rate_score)
        if record is not None and record.picture_score is not None:
            self._score.labels(printer=printer).set(record.picture_score)

    def _remove(self, printer: str) -> None:
        for gauge in (self._ratio, self._rate_score, self._score, self._at_risk):
            with suppress(KeyError):  # of a printer that never had so many layers there is none
                gauge.remove(printer)
