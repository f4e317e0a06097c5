"""What the API takes and gives of corrections and acknowledgements."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field, FiniteFloat, StringConstraints, model_validator

from layerwatch.events import EVENT_ID
from layerwatch.layers import INSPECTION_ID
from layerwatch.wire import Part
from monitoring.corrections.outlines import MOST_POINTS

_PRINTED = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"  # text of any language; PostgreSQL keeps no NUL
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=_PRINTED)]
Author = Annotated[str, StringConstraints(strip_whitespace=True, max_length=128, pattern=_PRINTED)]
Kind = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9-]{1,64}$")]
Coordinate = Annotated[FiniteFloat, Field(ge=0, le=1_000_000)]
Points = Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(min_length=2, max_length=MOST_POINTS)]
RegionNumber = Annotated[int, Field(ge=0, le=100_000)]
Subject = Annotated[str, StringConstraints(max_length=320, pattern=f"^({INSPECTION_ID.pattern}|{EVENT_ID})$")]


class NewCorrection(Part):
    """What somebody draws over a verdict: points, or the outline of one of its regions.

    Attributes:
        kind: `false-alarm`, `ignore` where nobody can tell, or the name of a defect that was missed.
        points: x, y in pixels of the picture, whose first pixel reaches from 0 to 1: two opposite corners of a box, or
            3 to 500 corners of an outline.
        region: place in the verdict's list of regions, from 0.
        author: who says so where nobody logs in; else it is who is logged in.
    """

    kind: Kind
    points: Points | None = None
    region: RegionNumber | None = None
    note: Note = ""
    author: Author = ""

    @model_validator(mode="after")
    def _points_or_region(self) -> Self:
        if (self.points is None) == (self.region is None):
            raise ValueError("give points or region, one of them")
        return self


class NewAcknowledgement(Part):
    """That somebody has seen a verdict or an event, and what they say of it.

    Attributes:
        subject: id of the inspection or of the event.
        author: who says so where nobody logs in; else it is who is logged in.
    """

    subject: Subject
    note: Note = ""
    author: Author = ""


class Said(Part):
    """What all notes have.

    Attributes:
        number: what it is undone by.
        may_undo: who asks may take it back.
        undone: when it was taken back, null while it holds.
    """

    number: int
    note: str
    author: str
    created: AwareDatetime
    may_undo: bool
    undone: AwareDatetime | None
    undone_by: str | None


class CorrectionSaid(Said):
    """A correction as it is kept.

    Attributes:
        points: two opposite corners of a box, or the corners of an outline.
    """

    inspection: str
    kind: str
    points: tuple[tuple[float, float], ...]


class LayerCorrections(Part):
    """What was drawn over the pictures of an inspection, also in other inspections of the same pictures.

    Attributes:
        file: where the trainer finds it below CORRECTIONS_DIR; null where it does not, as newer pictures took the place
            of these.
    """

    file: str | None
    corrections: tuple[CorrectionSaid, ...]


class AcknowledgementSaid(Said):
    """An acknowledgement as it is kept; `subject` is the id of an inspection or of an event."""

    subject: str
    printer: str
    build: str


class Acknowledgements(Part):
    """What was acknowledged of a verdict or an event."""

    acknowledgements: tuple[AcknowledgementSaid, ...]


class BuildNotes(Part):
    """What people said of a build, oldest first.

    Attributes:
        left_out: how many older ones are not listed, of each of the two.
    """

    corrections: tuple[CorrectionSaid, ...]
    acknowledgements: tuple[AcknowledgementSaid, ...]
    left_out: int
