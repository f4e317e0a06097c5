"""Reads what the history says of a build: the layers once, onto the disk, so that a large build needs little memory."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlalchemy import Engine

from layerwatch import __version__
from layerwatch.report import (
    AcknowledgementNote,
    CorrectionNote,
    EarlierRevision,
    EventNote,
    Made,
    Picture,
    ReportedLayer,
    ReportHead,
)
from layerwatch.verdict import Verdict
from monitoring.history.answers import BuildFacts
from monitoring.history.build_queries import BuildQueries
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.notes import EventRecord, Notes
from monitoring.history.store import HistoryStore
from monitoring.report.choosing import BuildUnclearError
from monitoring.report.counting import BuildCount
from monitoring.report.queries import BuildName, ReportQueries


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A report before it has a form: its head, and its layers, a line each, in a file that may be read again."""

    head: ReportHead
    lines: IO[bytes]

    def layers(self) -> Iterator[ReportedLayer]:
        return map(ReportedLayer.model_validate_json, self.layer_lines())

    def layer_lines(self) -> Iterator[bytes]:
        self.lines.seek(0)
        return (line.rstrip(b"\n") for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What escalations and people said of a build, and whether the history is complete."""

    history_complete: bool
    events: tuple[EventNote, ...]
    acknowledgements: tuple[AcknowledgementNote, ...]
    corrections: tuple[CorrectionNote, ...]


@contextmanager
def gathered(engine: Engine, name: BuildName, *, now: datetime) -> Iterator[Gathered]:
    """Yield all that the history says of a build, for as long as the block runs."""
    with tempfile.TemporaryFile() as lines:
        yield _gather(engine, name, now, lines)


def _gather(engine: Engine, name: BuildName, now: datetime, lines: IO[bytes]) -> Gathered:
    build = BuildQueries(engine).build(name.printer, name.build)
    if build is None:
        raise BuildUnclearError(f"the history knows no build {name}")
    digest = hashlib.sha256(canonical({"build": name.build, "printer": name.printer}) + b"\n")
    count = BuildCount()
    for layer in _layers(engine, name):
        line = canonical(layer.model_dump(mode="json")) + b"\n"
        digest.update(line)
        lines.write(line)
        count.add(layer)
    told = _told(engine, name)
    for part in (*told.events, *told.acknowledgements, *told.corrections):
        digest.update(canonical(part.model_dump(mode="json")) + b"\n")
    made = Made(at=now, version=__version__)
    return Gathered(head=_head(build, count, told, made=made, data_sha256=digest.hexdigest()), lines=lines)


def canonical(part: object) -> bytes:
    """Return JSON as it is hashed: names in order, no spaces, in UTF-8."""
    return json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _layers(engine: Engine, name: BuildName) -> Iterator[ReportedLayer]:
    earlier = ReportQueries(engine).earlier(name)
    for verdict in LayerQueries(engine).verdicts(name.printer, name.build):
        yield reported(verdict, earlier.get((verdict.layer, verdict.stage), ()))


def reported(verdict: Verdict, earlier: Sequence[EarlierRevision] = ()) -> ReportedLayer:
    """Return what a report says of the newest verdict on a layer."""
    return ReportedLayer(
        layer=verdict.layer,
        stage=verdict.stage,
        revision=verdict.revision,
        inspection=verdict.id,
        decision=verdict.decision,
        reasons=verdict.reasons,
        captured=verdict.timing.captured,
        published=verdict.timing.published,
        seconds=max(0.0, verdict.timing.file_to_verdict_seconds),
        regions=len(verdict.regions),
        regions_truncated=verdict.regions_truncated,
        max_confidence=verdict.max_confidence,
        defect_area_px=sum(region.area_px for region in verdict.regions),
        defect_area_mm2=verdict.defect_area_mm2,
        defect_area_ratio=verdict.defect_area_ratio,
        model=verdict.model,
        pictures=tuple(Picture(light=i.light, path=i.path, sha256=i.sha256) for i in verdict.images),
        overlay=verdict.artifacts.overlay,
        earlier=tuple(earlier),
    )


def _head(build: BuildFacts, count: BuildCount, told: _Told, *, made: Made, data_sha256: str) -> ReportHead:
    return ReportHead(
        schema=1,
        made=made,
        data_sha256=data_sha256,
        printer=build.printer,
        build=build.name,
        first_captured=build.first_captured,
        last_captured=build.last_captured,
        last_published=build.last_published,
        history_complete=told.history_complete,
        verdicts=count.verdicts,
        decisions=dict(count.decisions),
        stages=count.stages,
        models=count.models,
        missing_layers=sum(gap.last - gap.first + 1 for gap in count.gaps),
        gaps=count.gaps,
        events=told.events,
        acknowledgements=told.acknowledgements,
        corrections=told.corrections,
    )


def _told(engine: Engine, name: BuildName) -> _Told:
    notes = Notes(engine)
    events = notes.events(name.printer, name.build)
    acknowledgements = notes.acknowledgements(name.printer, name.build)
    corrections = notes.corrections(name.printer, name.build)
    return _Told(
        history_complete=not HistoryStore(engine).position().has_gap,
        events=tuple(map(_event, events)),
        acknowledgements=tuple(AcknowledgementNote.model_validate(a, from_attributes=True) for a in acknowledgements),
        corrections=tuple(CorrectionNote.model_validate(c, from_attributes=True) for c in corrections),
    )


def _event(record: EventRecord) -> EventNote:
    return EventNote(
        id=record.id,
        kind=record.kind,
        layer=record.layer,
        published=record.published,
        body=json.loads(record.body),
    )
