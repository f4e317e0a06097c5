"""The report on a build as JSON: what a quality manager files, for programs (version 1).

Readers ignore fields that they do not know; a change that breaks them is version 2.
"""

from typing import Any, Literal

from pydantic import AwareDatetime, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, ModelFacts, Ratio, Sha256
from layerwatch.wire import Part


class Made(Part):
    """When the report was made, and by which version of layerwatch."""

    at: AwareDatetime
    version: str


class Seconds(Part):
    """From the printer's last write to the published verdict: the half, the 95 percent, and all were there by then."""

    p50: NonNegativeFloat
    p95: NonNegativeFloat
    longest: NonNegativeFloat


class StageFacts(Part):
    """One stage of a build in figures; each layer counts once, by its newest revision.

    Attributes:
        first, last: lowest and highest number of a layer.
        seconds: from file to verdict.
        defect_area_mm2: of all layers together; null where the size of a pixel is unknown for any with a defect.
        largest_defect_ratio: the largest share of a picture that defects cover.
    """

    stage: Stage
    first: NonNegativeInt
    last: NonNegativeInt
    layers: PositiveInt
    decisions: dict[Decision, NonNegativeInt]
    seconds: Seconds
    defect_area_mm2: NonNegativeFloat | None
    largest_defect_ratio: Ratio


class Gap(Part):
    """Numbers of layers, both ends included, that have no verdict in a stage which has some before and behind."""

    stage: Stage
    first: NonNegativeInt
    last: NonNegativeInt


class ModelUse(Part):
    """A model, and for how many layers its word is the newest."""

    model: ModelFacts
    layers: PositiveInt


class EventNote(Part):
    """An event on the build, such as `build_at_risk`; the body is as it was published."""

    id: str
    kind: str
    layer: NonNegativeInt | None
    published: AwareDatetime
    body: dict[str, Any]


class AcknowledgementNote(Part):
    """That somebody has seen a verdict or an event, whose id is the subject."""

    subject: str
    author: str
    note: str
    created: AwareDatetime


class CorrectionNote(Part):
    """What somebody drew over a verdict; points in pixels of the picture."""

    inspection: str
    kind: str
    points: tuple[tuple[float, float], ...]
    author: str
    note: str
    created: AwareDatetime


class Picture(Part):
    """A picture that was judged."""

    light: str
    path: str
    sha256: Sha256


class EarlierRevision(Part):
    """What was said of a layer before."""

    revision: PositiveInt
    inspection: str
    decision: Decision
    published: AwareDatetime


class ReportedLayer(Part):
    """One layer in one stage, by its newest revision.

    Attributes:
        seconds: from the printer's last write to the published verdict.
        regions: how many the verdict lists; `regions_truncated` says that there were more.
        overlay: below the artifacts folder; null where there was no picture to draw on.
        earlier: its revisions before, oldest first.
    """

    layer: NonNegativeInt
    stage: Stage
    revision: PositiveInt
    inspection: str
    decision: Decision
    reasons: tuple[str, ...]
    captured: AwareDatetime
    published: AwareDatetime
    seconds: NonNegativeFloat
    regions: NonNegativeInt
    regions_truncated: bool
    max_confidence: Ratio
    defect_area_px: NonNegativeInt
    defect_area_mm2: NonNegativeFloat | None
    defect_area_ratio: Ratio
    model: ModelFacts | None
    pictures: tuple[Picture, ...]
    overlay: str | None
    earlier: tuple[EarlierRevision, ...]


class ReportHead(Part):
    """All of a report but its layers.

    Attributes:
        data_sha256: over what the report says of the build, see docs/reports.md: two reports with the same one say the
            same.
        verdicts: how many were ever published, earlier revisions included.
        history_complete: false while the history still reads artifacts for what the stream had lost: verdicts may lack.
            What a recorder that is stopped has not written is not known here.
        stages: those that the build has, recoat before melt.
        missing_layers: how many all gaps hold together.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    made: Made
    data_sha256: Sha256
    printer: str
    build: str
    first_captured: AwareDatetime
    last_captured: AwareDatetime
    last_published: AwareDatetime
    history_complete: bool
    verdicts: PositiveInt
    decisions: dict[Decision, NonNegativeInt]
    stages: tuple[StageFacts, ...]
    models: tuple[ModelUse, ...]
    missing_layers: NonNegativeInt
    gaps: tuple[Gap, ...]
    events: tuple[EventNote, ...]
    acknowledgements: tuple[AcknowledgementNote, ...]
    corrections: tuple[CorrectionNote, ...]


class Report(ReportHead):
    """A whole report: the layers in order, after spreading before after exposure."""

    layers: tuple[ReportedLayer, ...]
