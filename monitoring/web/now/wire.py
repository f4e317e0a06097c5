"""What programs are told of the running builds and of the plant."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from layerwatch.events import Event
from layerwatch.layers import Stage
from layerwatch.source_state import SourceState
from layerwatch.verdict import Decision
from layerwatch.wire import Part
from monitoring.web.addresses import layer_url
from monitoring.web.artifacts import overlay_url
from monitoring.web.live.window import Seen
from monitoring.web.now.cards import Card, Notice
from monitoring.web.now.condition import Condition
from monitoring.web.now.trouble import Gravity, Kind, Trouble


class TroubleNow(Part):
    """One thing that is silent, down or late; `key` names the same trouble as long as it lasts."""

    key: str
    kind: Kind
    gravity: Gravity
    printer: str | None = Field(description="Whom it is about; null for all.")
    sentence: str
    what_now: str

    @classmethod
    def of(cls, trouble: Trouble) -> Self:
        return cls.model_validate(trouble, from_attributes=True)


class ConditionNow(Part):
    """Is the build fine, since when not, where, and what now."""

    word: str = Field(description="A decision, or `at risk`.")
    decision: Decision
    since: int = Field(description="The first layer of which that is said.")
    layers: int = Field(description="Over how many layers, the latest included.")
    layer: int | None = Field(description="Where to look; null where all is fine.")
    stage: Stage | None
    place: str = Field(description="Where in the picture, in words; empty where that is not known.")
    what_now: str
    url: str | None = Field(description="Page of the layer to look at.")

    @classmethod
    def of(cls, condition: Condition, printer: str, build: str) -> Self:
        layer, stage = condition.layer, condition.stage
        return cls(
            word=condition.word,
            decision=condition.decision,
            since=condition.since,
            layers=condition.layers,
            layer=layer,
            stage=stage,
            place=condition.place,
            what_now=condition.what_now,
            url=None if layer is None or stage is None else layer_url(printer, build, layer, stage),
        )


class LastVerdict(Part):
    """The newest verdict of a running build, in short."""

    cursor: str = Field(description="Its id in the stream, as in /api/events.")
    inspection: str
    layer: int
    stage: Stage
    revision: int
    decision: Decision
    reasons: tuple[str, ...]
    regions: int
    regions_truncated: bool
    max_confidence: float
    published: datetime
    file_to_verdict_seconds: float
    overlay_url: str | None
    url: str

    @classmethod
    def of(cls, seen: Seen) -> Self:
        row = seen.row
        return cls(
            cursor=seen.cursor,
            inspection=row.id,
            layer=row.layer,
            stage=row.stage,
            revision=row.revision,
            decision=row.decision,
            reasons=row.reasons,
            regions=row.regions,
            regions_truncated=row.regions_truncated,
            max_confidence=row.max_confidence,
            published=row.published,
            file_to_verdict_seconds=row.seconds,
            overlay_url=overlay_url(row),
            url=layer_url(row.printer, row.build, row.layer, row.stage),
        )


class SeenBy(Part):
    """Who acknowledged something, when, and what they noted."""

    author: str
    created: datetime
    note: str


class EventNow(Part):
    """One event about a running build; `open` as long as nobody acknowledged it and it says how the build is."""

    event: Event
    since: int
    open: bool
    acknowledged: SeenBy | None
    url: str

    @classmethod
    def of(cls, notice: Notice) -> Self:
        event, seen = notice.event, notice.acknowledged
        return cls(
            event=event,
            since=notice.since,
            open=notice.is_open,
            acknowledged=None if seen is None else SeenBy.model_validate(seen, from_attributes=True),
            url=layer_url(event.printer, event.build, event.layer, event.evidence[0].stage),
        )


class PrinterNow(Part):
    """One printer: its running build, how that is, and how the printer's folder is doing."""

    printer: str
    build: str | None = Field(description="Null before the first verdict.")
    condition: ConditionNow | None
    last: LastVerdict | None
    counts: dict[Decision, int] = Field(description="Layer sets of the running build that the page holds.")
    source: SourceState | None = Field(description="What ingest last said of the printer's folder.")
    source_is_mute: bool = Field(description="Ingest should have said something new by now.")
    troubles: tuple[TroubleNow, ...]
    events: tuple[EventNow, ...] = Field(description="The most important ones, newest first.")

    @classmethod
    def of(cls, card: Card) -> Self:
        view, condition, source = card.view, card.condition, card.source
        return cls(
            printer=card.printer,
            build=None if view is None else view.build,
            condition=ConditionNow.of(condition, card.printer, view.build) if condition and view else None,
            last=None if view is None else LastVerdict.of(view.last),
            counts={} if view is None else view.counts,
            source=None if source is None else source.state,
            source_is_mute=source is not None and source.is_mute,
            troubles=tuple(map(TroubleNow.of, card.troubles)),
            events=tuple(map(EventNow.of, card.notices)),
        )


class Printers(Part):
    """All printers that are known, by name."""

    now: datetime
    printers: tuple[PrinterNow, ...]


class Status(Part):
    """How everything is, in one sentence and in detail.

    Attributes:
        redis: whether Redis answers, null before it was asked; `since` when that is so.
        loaded: whether the latest verdicts have been read.
        standing: another word whenever something else is to be shown.
    """

    now: datetime
    redis: bool | None
    since: datetime
    loaded: bool
    standing: str
    well: bool
    headline: str
    printers: int
    alarms: tuple[str, ...] = Field(description="Printers whose builds are not fine, the gravest first.")
    workers: dict[Literal["idle", "busy", "silent"], int]
    queue: dict[Literal["queued", "started", "given_up"], int]
    troubles: tuple[TroubleNow, ...]
