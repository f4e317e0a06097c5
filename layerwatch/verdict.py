"""What an inspection found: the domain type and, as JSON, the wire contract of the results (version 1).

Readers ignore fields that they do not know; a change that breaks them is version 2.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from layerwatch.layers import BUILD_NAME, INSPECTION_ID, MAX_LAYER, PRINTER_NAME, LayerKey, Stage
from layerwatch.wire import Body, Part

Ratio = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Decision(StrEnum):
    PASS = "pass"  # noqa: S105 - no password; no defect reaches the review area
    REVIEW = "review"  # an operator looks at the layer
    REJECT = "reject"  # the build is to be stopped
    INVALID = "invalid"  # the pictures cannot be judged


class Region(Part):
    """One connected defect area.

    Attributes:
        bbox: x, y, width, height in pixels of the picture.
        lights: those in which the area differs from its surroundings, evidence that no decision hangs on; null where
            there is one light alone.
    """

    bbox: tuple[NonNegativeInt, NonNegativeInt, PositiveInt, PositiveInt]
    area_px: PositiveInt
    area_mm2: NonNegativeFloat | None
    max_confidence: Ratio
    mean_confidence: Ratio
    lights: tuple[str, ...] | None = None


class ImageFacts(Part):
    """One capture as it was read; sizes are null where it could not be, sharpness where nothing in it tells."""

    light: str
    path: str
    sha256: Sha256
    width: PositiveInt | None = None
    height: PositiveInt | None = None
    bits: PositiveInt | None = None
    saturated_ratio: Ratio | None = None
    sharpness: NonNegativeFloat | None = None


class ModelFacts(Part):
    """Which model said so; sha256 is that of the model file."""

    bundle: str
    precision: Literal["int8", "float32"]
    backend: str
    threshold: Ratio
    sha256: Sha256


class ArtifactPaths(Part):
    """Paths below the artifacts folder; null where there was no picture to draw on."""

    overlay: str | None = None
    mask: str | None = None


class StepSeconds(Part):
    """How long each step of the inspection took."""

    read: NonNegativeFloat = 0.0
    preprocess: NonNegativeFloat = 0.0
    inference: NonNegativeFloat = 0.0
    postprocess: NonNegativeFloat = 0.0
    artifacts: NonNegativeFloat = 0.0


class Timing(Part):
    """When the layer passed each station; `captured` is when the printer wrote the last picture of the set."""

    captured: AwareDatetime
    settled: AwareDatetime
    queued: AwareDatetime
    started: AwareDatetime
    published: AwareDatetime
    seconds: StepSeconds = StepSeconds()

    @property
    def file_to_verdict_seconds(self) -> float:
        return (self.published - self.captured).total_seconds()


class Verdict(Body):
    """The one answer to one layer set."""

    called = "a verdict"

    schema_version: Literal[1] = Field(default=1, alias="schema")
    id: str = Field(pattern=f"^{INSPECTION_ID.pattern}$", max_length=256)
    printer: str = Field(pattern=f"^{PRINTER_NAME.pattern}$")
    build: str = Field(pattern=f"^{BUILD_NAME.pattern}$")
    layer: int = Field(ge=0, le=MAX_LAYER)
    stage: Stage
    revision: PositiveInt
    decision: Decision
    reasons: tuple[str, ...]
    max_confidence: Ratio
    defect_area_ratio: Ratio
    defect_area_mm2: NonNegativeFloat | None
    regions: tuple[Region, ...]
    regions_truncated: bool
    images: tuple[ImageFacts, ...]
    model: ModelFacts | None
    artifacts: ArtifactPaths
    timing: Timing
    attempt: PositiveInt
    worker: str

    @property
    def key(self) -> LayerKey:
        return LayerKey(printer=self.printer, build=self.build, layer=self.layer, stage=self.stage)
