"""Layers that never lose their files: rejected ones, corrected ones, and those that an event names."""

import json
from collections.abc import Iterator

from sqlalchemy import Engine, select

from layerwatch.layers import INSPECTION_ID, LayerKey, Stage
from layerwatch.verdict import Decision
from monitoring.history.notes import EventRecord, Notes
from monitoring.history.tables import build_id_of, layers, revisions


def protected_layers(engine: Engine, printer: str, build: str) -> frozenset[LayerKey]:
    """Return the layers of a build that are kept whatever their age; rejected in any revision is rejected."""
    notes = Notes(engine)
    inspections = (each.inspection for each in notes.corrections(printer, build))
    corrected = {LayerKey.parse(each) for each in inspections if INSPECTION_ID.fullmatch(each)}  # people write SQL, too
    named = {key for event in notes.events(printer, build) for key in _named_by(event)}
    return frozenset(corrected | named | set(_rejected(engine, printer, build)))


def _rejected(engine: Engine, printer: str, build: str) -> Iterator[LayerKey]:
    wanted = (
        select(layers.c.layer, layers.c.stage)
        .join_from(layers, revisions)
        .where(layers.c.build_id == build_id_of(printer, build), revisions.c.decision == Decision.REJECT)
    )
    with engine.connect() as connection:
        for row in connection.execute(wanted):
            yield LayerKey(printer=printer, build=build, layer=row.layer, stage=row.stage)


def _named_by(event: EventRecord) -> Iterator[LayerKey]:
    """Yield each layer whose inspection stands anywhere in an event, of whatever version it is."""
    if event.layer is not None:
        for stage in Stage:
            yield LayerKey(printer=event.printer, build=event.build, layer=event.layer, stage=stage)
    yield from map(LayerKey.parse, filter(INSPECTION_ID.fullmatch, _texts(json.loads(event.body))))


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)
