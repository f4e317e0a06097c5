"""What people and escalations say, beside the verdicts; what was taken back is found by its number alone."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from layerwatch.layers import LayerKey
from monitoring.history.database import one_at_a_time, writing
from monitoring.history.tables import acknowledgements, corrections, events

Point = tuple[float, float]  # x, y in pixels of the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person drew over a verdict.

    Attributes:
        inspection: id of the verdict.
        kind: `false-alarm`, `ignore`, or the name of a defect that was missed, as the trainer's corrections have it.
        points: two opposite corners of a box, or three corners and more of an outline.
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
class KeptCorrection(Correction):
    """As the database has it; `undone` is when it was taken back, None while it holds."""

    number: int
    undone: datetime | None = None
    undone_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAcknowledgement(Acknowledgement):
    """As the database has it; `undone` is when it was taken back, None while it holds."""

    number: int
    undone: datetime | None = None
    undone_by: str | None = None


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


Record = TypeVar("Record", KeptCorrection, KeptAcknowledgement, EventRecord)


class Notes:
    """Writes and reads them; nothing of it lies in the artifacts, so that only a copy of the database keeps it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def correct(self, correction: Correction) -> int:
        """Keep what was drawn; return its number. The trainer gets it with the next reconciling of a page."""
        with writing(self._engine) as connection:
            return insert_correction(connection, correction)

    def acknowledge(self, said: Acknowledgement) -> tuple[KeptAcknowledgement, bool]:
        """Keep an acknowledgement; return it, and whether it is new: who says the same twice has said it once."""
        with writing(self._engine) as connection:
            one_at_a_time(connection, said.subject)
            for known in _acknowledgements(connection, acknowledgements.c.subject == said.subject):
                if (known.author, known.note) == (said.author, said.note):
                    return known, False
            row = connection.execute(insert(acknowledgements).values(**asdict(said)).returning(acknowledgements)).one()
            return _record(KeptAcknowledgement, row), True

    def take_back_acknowledgement(self, number: int, *, by: str, when: datetime) -> bool:
        """Take one back; return False where there is none of this number that holds."""
        with writing(self._engine) as connection:
            return take_back(connection, acknowledgements, number, by=by, when=when)

    def keep_event(self, event: EventRecord) -> bool:
        """Keep an event, once; return False where its id is known."""
        if self.event(event.id) is not None:
            return False  # as for all that are on the stream when a recorder starts
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(events).values(**asdict(event)))
        except IntegrityError:
            return False
        return True

    def corrections(self, printer: str, build: str) -> tuple[KeptCorrection, ...]:
        """Return what was drawn over the verdicts of a build, in the order that it came."""
        wanted = _of_build(corrections, printer, build).where(corrections.c.undone.is_(None))
        return tuple(map(kept_correction, self._rows(wanted.order_by(corrections.c.id))))

    def correction(self, number: int) -> KeptCorrection | None:
        """Return one by its number, whether it holds or was taken back."""
        return next(map(kept_correction, self._rows(select(corrections).where(corrections.c.id == number))), None)

    def acknowledgements(self, printer: str, build: str) -> tuple[KeptAcknowledgement, ...]:
        """Return what was acknowledged of a build, in the order that it came."""
        its = acknowledgements.c.printer == printer, acknowledgements.c.build == build
        with self._engine.connect() as connection:
            return _acknowledgements(connection, *its)

    def acknowledgements_of(self, subject: str) -> tuple[KeptAcknowledgement, ...]:
        """Return what was said of an inspection or an event, in the order that it came."""
        with self._engine.connect() as connection:
            return _acknowledgements(connection, acknowledgements.c.subject == subject)

    def acknowledgement(self, number: int) -> KeptAcknowledgement | None:
        """Return one by its number, whether it holds or was taken back."""
        rows = self._rows(select(acknowledgements).where(acknowledgements.c.id == number))
        return _record(KeptAcknowledgement, rows[0]) if rows else None

    def events(self, printer: str, build: str) -> tuple[EventRecord, ...]:
        """Return the events of a build, in the order that they were published."""
        wanted = _of_build(events, printer, build).order_by(events.c.published, events.c.id)
        return tuple(_record(EventRecord, row) for row in self._rows(wanted))

    def event(self, event_id: str) -> EventRecord | None:
        rows = self._rows(select(events).where(events.c.id == event_id))
        return _record(EventRecord, rows[0]) if rows else None

    def _rows(self, wanted: Select[Any]) -> Sequence[Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(wanted).all()


def insert_correction(connection: Connection, correction: Correction) -> int:
    key = LayerKey.parse(correction.inspection)
    values = {**asdict(correction), "printer": key.printer, "build": key.build}
    number: int = connection.execute(insert(corrections).values(**values).returning(corrections.c.id)).scalar_one()
    return number


def take_back(connection: Connection, table: Table, number: int, *, by: str, when: datetime) -> bool:
    """Say of a row who took it back; return False where there is none of this number that holds."""
    holds = table.c.id == number, table.c.undone.is_(None)
    return connection.execute(update(table).where(*holds).values(undone=when, undone_by=by)).rowcount == 1


def kept_correction(row: Row[Any]) -> KeptCorrection:
    return _record(KeptCorrection, row, points=tuple((x, y) for x, y in row.points))


def _acknowledgements(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[KeptAcknowledgement, ...]:
    wanted = select(acknowledgements).where(acknowledgements.c.undone.is_(None), *conditions)
    rows = connection.execute(wanted.order_by(acknowledgements.c.id))
    return tuple(_record(KeptAcknowledgement, row) for row in rows)


def _of_build(table: Table, printer: str, build: str) -> Select[Any]:
    return select(table).where(table.c.printer == printer, table.c.build == build)


def _record(kind: type[Record], row: Row[Any], **others: object) -> Record:
    """Return a row as a record, whose fields are called as the columns, but for the number."""
    columns = {**row._mapping, "number": row.id, **others}  # noqa: SLF001 - its name
    return kind(**{field.name: columns[field.name] for field in fields(kind)})
