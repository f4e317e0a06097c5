"""All builds over their layers: verdicts in, events out. Pure: no clock, no Redis, bounded memory."""

from collections.abc import Iterator
from typing import TypeVar

from layerwatch.events import SEVERITY_OF, Event, EventKind, Evidence, event_id
from layerwatch.layers import CHECK_PRINTER
from layerwatch.verdict import Verdict
from monitoring.over_layers.build import BuildRecord, Risk, Series
from monitoring.over_layers.finds import finds_of
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.printer import Drifted, PrinterRecord
from monitoring.over_layers.telling import Sentences, drift_sentences, risk_sentences, series_sentences

MOST_BUILDS, MOST_PRINTERS = 64, 64  # what was seen longest ago is forgotten
MOST_PLACES = 20  # as evidence of one event

Key = TypeVar("Key")
Record = TypeVar("Record")


class BuildWatch:
    """Sees each verdict once or more often, in any order, and tells each event once.

    After a restart: first `remember` the events that were told, then `see` the last layers of the builds again.
    """

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits
        self._builds: dict[tuple[str, str], BuildRecord] = {}
        self._printers: dict[str, PrinterRecord] = {}
        self._printed: dict[str, str] = {}  # printer -> the build that it was seen with last

    def see(self, verdict: Verdict) -> tuple[Event, ...]:
        """Enter a verdict and return what it and those before say together.

        What a person uploads is no build over layers, and says nothing.
        """
        if verdict.printer == CHECK_PRINTER:
            return ()
        finds = finds_of(verdict)
        found = self._build(verdict.printer, verdict.build).see(finds)
        if found is None:
            return ()
        self._printed[verdict.printer] = verdict.build
        drifted = self._printer(verdict.printer).see(verdict, finds)
        return tuple(self._events(verdict, (*found, *drifted)))

    def remember(self, event: Event) -> None:
        """Enter an event that was told before."""
        for evidence in event.evidence:
            if evidence.measured is not None:
                self._printer(event.printer).remember(evidence.stage, evidence.measured, event.noticed)
        self._build(event.printer, event.build).remember(event)

    def is_at_risk(self, printer: str) -> bool:
        """Return whether the build that a printer was seen with last is at risk."""
        build = self._builds.get((printer, self._printed.get(printer, "")))
        return build is not None and build.at_risk

    @property
    def printers(self) -> dict[str, PrinterRecord]:
        """What is known of each printer."""
        return dict(self._printers)

    def _build(self, printer: str, build: str) -> BuildRecord:
        return _latest(self._builds, (printer, build), BuildRecord(self._limits), MOST_BUILDS)

    def _printer(self, printer: str) -> PrinterRecord:
        record = _latest(self._printers, printer, PrinterRecord(self._limits), MOST_PRINTERS)
        self._printed = {name: build for name, build in self._printed.items() if name in self._printers}
        return record

    def _events(self, verdict: Verdict, found: tuple[Risk | Series | Drifted, ...]) -> Iterator[Event]:
        for one in found:
            kind, evidence, reasons = _told(one, verdict.printer)
            yield Event(
                schema=1,
                id=event_id(verdict.printer, verdict.build, kind, verdict.id, *_about(evidence[0])),
                kind=kind,
                severity=SEVERITY_OF[kind],
                printer=verdict.printer,
                build=verdict.build,
                layer=max(seen.layer for part in evidence for seen in part.layers),
                reasons=reasons,
                evidence=evidence,
                trigger=verdict.id,
                noticed=verdict.timing.published,
            )


def _told(one: Risk | Series | Drifted, printer: str) -> tuple[EventKind, tuple[Evidence, ...], Sentences]:
    if isinstance(one, Risk):
        spots = (*one.spots[:MOST_PLACES], *one.beside)
        return one.kind, tuple(spot.evidence for spot in spots), risk_sentences(one)
    if isinstance(one, Series):
        layers = tuple(finds.seen(finds.area_px) for finds in one.layers)
        return one.kind, (Evidence(stage=one.layers[-1].stage, layers=layers),), series_sentences(one)
    kind = EventKind.DEFECT_DRIFT if one.figure.what == "flagged" else EventKind.PICTURE_DRIFT
    return kind, (one.evidence,), drift_sentences(one, printer)


def _about(evidence: Evidence) -> tuple[object, ...]:
    measured = evidence.measured
    return evidence.stage, evidence.bbox, *((measured.what, measured.light) if measured else ())


def _latest(records: dict[Key, Record], key: Key, new: Record, most: int) -> Record:
    """Return a record and put it last; the first of too many is forgotten."""
    record = records.pop(key, new)
    records[key] = record
    if len(records) > most:
        del records[next(iter(records))]
    return record
