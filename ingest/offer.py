"""One layer set on its way to the queue, and what is said about it when it is there."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from ingest import metrics
from ingest.assembly import Emission
from ingest.metrics import Outcome
from layerwatch.job import InspectLayer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A layer set that Redis has not taken yet, and when it was ready."""

    emission: Emission
    settled: datetime

    @property
    def id(self) -> str:
        return self.emission.layer_set.inspection_id


def outcome_of(emission: Emission, message: InspectLayer) -> Outcome:
    if emission.layer_set.missing_lights:
        return Outcome.INCOMPLETE
    if emission.duplicate:
        return Outcome.DUPLICATE
    if emission.unequal:
        return Outcome.UNEQUAL
    return Outcome.UNUSABLE if emission.problems or message.unsent else Outcome.COMPLETE


def announce(offer: Offer, message: InspectLayer, *, ahead: bool) -> None:
    """Log and measure a set that is on the queue now; a backlog would only hide how fast live layers are."""
    file_to_queued = max(0.0, (message.queued - offer.emission.captured).total_seconds())
    log.info(
        "layer_queued",
        layer=str(offer.emission.layer_set.key),
        id=message.id,
        revision=message.revision,
        lights=len(message.captures),
        problems=[*message.problems, *message.unsent],
        ahead=ahead,
        seconds=round(file_to_queued, 3),
    )
    if offer.emission.live:
        settled_to_queued = max(0.0, (message.queued - offer.settled).total_seconds())
        metrics.FILE_TO_QUEUED_SECONDS.labels(message.printer, message.stage).observe(file_to_queued)
        metrics.SETTLED_TO_QUEUED_SECONDS.labels(message.printer, message.stage).observe(settled_to_queued)
