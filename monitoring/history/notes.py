"""What people and escalations say, beside the verdicts: corrections, acknowledgements, events."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, Table, insert, select
from sqlalchemy.exc import IntegrityError

from layerwatch.layers import LayerKey
from monitoring.history.database import writing
from monitoring.history.tables import acknowledgements, corrections, events

Point = tuple[float, float]  # x, y in pixels of the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person drew over a verdict.

    Attributes:
        inspection: id of the verdict.
        kind: `false-alarm`, `ignore`, or the name of a defect that was missed, as the trainer's corrections have it.
        points: the corners of the outline.
    """

    inspection: str
    kind: str
    points: Sequence[Point]
    author: str
    note: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """That a person has seen a verdict or an event.

    Attributes:
        subject: id of the inspection or of the event.
    """

    subject: str
    printer: str
    build: str
    author: str
    note: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """An event as it was published.

    Attributes:
        kind: such as `build_at_risk`.
        layer: the last one that it is about, None where it is about no single one.
        body: its JSON, to the letter.
    """

    id: str
    kind: str
    printer: str
    build: str
    layer: int | None
    published: datetime
    body: str


class Notes:
    """Writes and reads them; nothing of it lies in the artifacts, so that only a copy of the database keeps it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def correct(self, correction: Correction) -> None:
        """Keep what was drawn.

        Raises:
            ValueError: the inspection's id names no layer.
        """
        key = LayerKey.parse(correction.inspection)
        self._insert(corrections, {**asdict(correction), "printer": key.printer, "build": key.build})

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        self._insert(acknowledgements, asdict(acknowledgement))

    def keep_event(self, event: EventRecord) -> bool:
        """Keep an event, once; return False where its id is known."""
        if self._rows(select(events.c.id).where(events.c.id == event.id)):
            return False  # as for all that are on the stream when a recorder starts
        try:
            self._insert(events, asdict(event))
        except IntegrityError:
            return False
        return True

    def corrections(self, printer: str, build: str) -> tuple[Correction, ...]:
        """Return what was drawn over the verdicts of a build, in the order that it came."""
        return tuple(
            Correction(
                inspection=row.inspection,
                kind=row.kind,
                points=tuple((x, y) for x, y in row.points),
                author=row.author,
                note=row.note,
                created=row.created,
            )
            for row in self._rows(_of_build(corrections, printer, build).order_by(corrections.c.id))
        )

    def acknowledgements(self, printer: str, build: str) -> tuple[Acknowledgement, ...]:
        """Return what was acknowledged of a build, in the order that it came."""
        return tuple(
            Acknowledgement(
                subject=row.subject,
                printer=row.printer,
                build=row.build,
                author=row.author,
                note=row.note,
                created=row.created,
            )
            for row in self._rows(_of_build(acknowledgements, printer, build).order_by(acknowledgements.c.id))
        )

    def events(self, printer: str, build: str) -> tuple[EventRecord, ...]:
        """Return the events of a build, in the order that they were published."""
        wanted = _of_build(events, printer, build).order_by(events.c.published, events.c.id)
        return tuple(map(_event, self._rows(wanted)))

    def _insert(self, table: Table, values: Mapping[str, object]) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(table).values(**values))

    def _rows(self, wanted: Select[Any]) -> Sequence[Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(wanted).all()


def _of_build(table: Table, printer: str, build: str) -> Select[Any]:
    return select(table).where(table.c.printer == printer, table.c.build == build)


def _event(row: Row[Any]) -> EventRecord:
    return EventRecord(
        id=row.id,
        kind=row.kind,
        printer=row.printer,
        build=row.build,
        layer=row.layer,
        published=row.published,
        body=row.body,
    )
