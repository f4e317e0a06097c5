"""What the pages of builds show, made of what the history answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from layerwatch.errors import WireError
from layerwatch.events import Event
from layerwatch.layers import Stage
from layerwatch.verdict import Decision
from monitoring.history.answers import BuildFacts, StripLayer
from monitoring.history.notes import EventRecord
from monitoring.report.words import EVENT_WORDS

log = structlog.get_logger(__name__)

SHOWN_EVENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A decision's part of a bar that is 100 wide."""

    decision: Decision
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildView:
    """A build as a list shows it.

    Attributes:
        counts: layer sets by decision, those that there are.
        shares: the same as parts of a bar, worst first.
    """

    printer: str
    name: str
    first_captured: datetime
    last_published: datetime
    counts: dict[Decision, int]
    shares: tuple[Share, ...]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvent:
    """An event in words; a layer and stage to look at."""

    words: str
    is_critical: bool
    layer: int
    stage: Stage
    reasons: tuple[str, ...]
    noticed: datetime


def build_view(facts: BuildFacts) -> BuildView:
    """Return a build with its counts, and as parts of a bar."""
    counts = {decision: count for decision, count in facts.decisions.items() if count}
    return BuildView(
        printer=facts.printer,
        name=facts.name,
        first_captured=facts.first_captured,
        last_published=facts.last_published,
        counts=counts,
        shares=tuple(_shares(counts)),
    )


def _shares(counts: dict[Decision, int]) -> Iterable[Share]:
    total, start = sum(counts.values()), 0.0
    for decision in (Decision.REJECT, Decision.REVIEW, Decision.INVALID, Decision.PASS):
        width = 100 * counts.get(decision, 0) / total if total else 0.0
        if width:
            yield Share(decision=decision, start=start, width=width)
        start += width


def told_events(records: Sequence[EventRecord]) -> tuple[ToldEvent, ...]:
    """Return the events of a build, the latest first, those of a later version left out."""
    return tuple(told for record in reversed(records) if (told := _told(record)) is not None)


def _told(record: EventRecord) -> ToldEvent | None:
    try:
        event = Event.from_json(record.body)
    except WireError as error:
        log.warning("event_unreadable", id=record.id, error=str(error))
        return None
    return ToldEvent(
        words=EVENT_WORDS.get(event.kind, event.kind.value.replace("_", " ")),
        is_critical=event.severity == "critical",
        layer=event.layer,
        stage=event.evidence[-1].stage,
        reasons=event.reasons,
        noticed=event.noticed,
    )


def chosen_layer(strip: Sequence[StripLayer], layer: int | None, stage: Stage | None) -> StripLayer:
    """Return the layer that was asked for, in the other stage where this one has none, else the latest."""
    same = [each for each in strip if each.layer == layer]
    exact = [each for each in same if each.stage is stage]
    return (exact or same or list(strip))[-1]
