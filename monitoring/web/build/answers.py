"""What the routes of builds and layers answer with."""

from typing import Annotated

from pydantic import AwareDatetime, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Ratio, Verdict
from layerwatch.wire import Part

Box = tuple[int, int, int, int]


class BuildHead(Part):
    """A build, and how many of its layers (each stage counts) have which decision."""

    printer: str
    build: str
    first_captured: AwareDatetime
    last_captured: AwareDatetime
    last_published: AwareDatetime
    decisions: dict[Decision, NonNegativeInt]


class BuildList(Part):
    """Builds, newest first; `next` is what to ask with as `before` for older ones, null where there are none."""

    builds: tuple[BuildHead, ...]
    next: str | None


class StageHead(Part):
    """The numbers of the first and the last layer of a stage, and how many have a verdict."""

    stage: Stage
    first: NonNegativeInt
    last: NonNegativeInt
    layers: NonNegativeInt


class EventPlace(Part):
    """Where an event is seen: x, y, width, height in pixels of the picture."""

    stage: Stage
    bbox: Box


class BuildEvent(Part):
    """What several layers said together; `words` is its kind for people."""

    id: str
    kind: str
    words: str
    severity: str | None
    layer: int | None
    published: AwareDatetime
    reasons: tuple[str, ...]
    places: tuple[EventPlace, ...]


class BuildPage(BuildHead):
    """A build with its stages and events; `recorded` is false while only the latest verdicts of it are known."""

    recorded: bool
    stages: tuple[StageHead, ...]
    events: tuple[BuildEvent, ...]


class Strip(Part):
    """All layers of a build, each stage by itself, in order: the same place in each list is about the same one.

    Attributes:
        inspections: ids of the newest verdicts.
        ratios: defect area as a share of the picture, 0..1.
        seconds: from file to verdict.
    """

    layers: tuple[int, ...]
    stages: tuple[Stage, ...]
    decisions: tuple[Decision, ...]
    inspections: tuple[str, ...]
    regions: tuple[int, ...]
    ratios: tuple[float, ...]
    seconds: tuple[float, ...]


class ColumnPart(Part):
    """What a layer has at a place: areas, confidence and box are of all regions there together."""

    layer: NonNegativeInt
    inspection: str
    decision: Decision
    regions: PositiveInt
    area_px: PositiveInt
    area_mm2: NonNegativeFloat | None
    max_confidence: Ratio
    bbox: Box


class Column(Part):
    """The layers that have regions at a place, in order; `next` is what to ask on with as `from`, null at the end."""

    stage: Stage
    bbox: Box
    layers: tuple[ColumnPart, ...]
    next: int | None


class Revision(Part):
    """One verdict on a layer."""

    id: str
    revision: PositiveInt
    decision: Decision
    published: AwareDatetime


class PictureLinks(Part):
    """Where a picture of the layer is, and its difference to a lower layer.

    Attributes:
        compared_with: key of that layer, the nearest below with this light; null where there is none.
    """

    light: str
    url: str
    difference_url: str | None
    compared_with: str | None


class LayerPage(Part):
    """A layer with all that was said of it.

    Attributes:
        revisions: newest first; the first is the verdict.
        width, height: of the pictures, in pixels; null where none could be read.
        previous, next: keys of the next lower and higher layer of the same stage.
        summary: the verdict in sentences, for who cannot see the overlay.
    """

    key: str
    verdict: Verdict
    revisions: tuple[Revision, ...]
    pictures: tuple[PictureLinks, ...]
    mask_url: str | None
    overlay_url: str | None
    width: int | None
    height: int | None
    previous: str | None
    next: str | None
    summary: Annotated[str, Field(min_length=1)]
