"""What the events over layers are called where people read of them."""

from typing import Final

from layerwatch.events import EventKind

EVENT_WORDS: Final[dict[str, str]] = {
    EventKind.BUILD_AT_RISK: "Build at risk",
    EventKind.DEFECT_PERSISTS: "A defect persists",
    EventKind.REJECT_SERIES: "Layer after layer was rejected",
    EventKind.INVALID_SERIES: "Layer after layer could not be judged",
    EventKind.DEFECT_DRIFT: "More layers with defects than is normal",
    EventKind.PICTURE_DRIFT: "The pictures are no longer what is normal",
}
