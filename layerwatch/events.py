"""What is seen over several layers and no verdict alone says: the wire contract of the events (version 1).

Readers ignore fields that they do not know; a change that breaks them is version 2.
"""

import hashlib
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from layerwatch.layers import BUILD_NAME, INSPECTION_ID, MAX_LAYER, PRINTER_NAME, Stage
from layerwatch.verdict import Decision
from layerwatch.wire import Body, Part

EVENT_ID = r"[A-Za-z0-9_-]+-[a-z_]+-[0-9a-f]{12}"


class EventKind(StrEnum):
    DEFECT_PERSISTS = "defect_persists"  # the same place is defective in several layers
    BUILD_AT_RISK = "build_at_risk"  # it stays, grows, or is seen in both stages: somebody has to decide
    REJECT_SERIES = "reject_series"  # layer after layer is rejected
    INVALID_SERIES = "invalid_series"  # layer after layer cannot be judged: nobody watches this build
    DEFECT_DRIFT = "defect_drift"  # more layers are flagged than is normal for this printer
    PICTURE_DRIFT = "picture_drift"  # the pictures are no longer what is normal for this printer


class Severity(StrEnum):
    WARNING = "warning"  # look at it today
    CRITICAL = "critical"  # decide now whether the build goes on


SEVERITY_OF = dict.fromkeys(EventKind, Severity.WARNING) | {EventKind.BUILD_AT_RISK: Severity.CRITICAL}


class LayerSeen(Part):
    """One layer of the evidence: what its verdict said, and the area there; overlay below the artifacts folder."""

    layer: int = Field(ge=0, le=MAX_LAYER)
    id: str = Field(pattern=f"^{INSPECTION_ID.pattern}$", max_length=256)
    decision: Decision
    area_px: NonNegativeInt
    area_mm2: NonNegativeFloat | None
    overlay: str | None


class Measured(Part):
    """A figure that drifted: its normal, and what it was lately.

    Attributes:
        what: share of layer sets with a defect; or of a picture under one light, as in a verdict.
        light: empty where the printer has one light, and for `flagged`.
        normal_sets, recent_sets: over how many layer sets.
    """

    what: Literal["flagged", "saturated_ratio", "sharpness"]
    light: str
    normal: NonNegativeFloat
    recent: NonNegativeFloat
    normal_sets: PositiveInt
    recent_sets: PositiveInt


class Evidence(Part):
    """Layers of one stage that together say something.

    Attributes:
        bbox: x, y, width, height in pixels around all that was seen at one place; null where it is not about a place.
        growing: the area there becomes larger from layer to layer.
        layers: in the order of their numbers; of many the latest.
        measured: what drifted, null elsewhere.
    """

    stage: Stage
    bbox: tuple[NonNegativeInt, NonNegativeInt, PositiveInt, PositiveInt] | None = None
    growing: bool = False
    layers: tuple[LayerSeen, ...]
    measured: Measured | None = None


class Event(Body):
    """One thing that somebody should know about a build; told once.

    Attributes:
        layer: the newest that it is about.
        trigger: id of the inspection whose verdict showed it.
        noticed: when that verdict was published.
    """

    called = "an event"

    schema_version: Literal[1] = Field(default=1, alias="schema")
    id: str = Field(pattern=f"^{EVENT_ID}$", max_length=320)
    kind: EventKind
    severity: Severity
    printer: str = Field(pattern=f"^{PRINTER_NAME.pattern}$")
    build: str = Field(pattern=f"^{BUILD_NAME.pattern}$")
    layer: int = Field(ge=0, le=MAX_LAYER)
    reasons: tuple[str, ...] = Field(min_length=1)
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    trigger: str = Field(pattern=f"^{INSPECTION_ID.pattern}$", max_length=256)
    noticed: AwareDatetime


def event_id(printer: str, build: str, kind: EventKind, *about: object) -> str:
    """Return the id of an event: the same trigger about the same thing gives the same one."""
    digest = hashlib.sha256("/".join(map(str, about)).encode()).hexdigest()
    return f"{printer}_{build}-{kind}-{digest[:12]}"
