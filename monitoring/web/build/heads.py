"""Builds: the list of them, and what is said of one as a whole."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from layerwatch.errors import WireError
from layerwatch.events import Event
from layerwatch.layers import CHECK_PRINTER, Stage
from monitoring.event_words import EVENT_WORDS
from monitoring.history.answers import BuildFacts, complete
from monitoring.history.build_queries import BuildQueries
from monitoring.history.notes import EventRecord, Notes
from monitoring.history.stage_queries import StageQueries
from monitoring.rows import Row
from monitoring.web.build.answers import BuildEvent, BuildHead, BuildList, BuildPage, EventPlace, StageHead
from monitoring.web.build.known import captured_of

EVENTS_AT_MOST = 500  # the newest
PLACE = r"[0-9]{1,17}-[0-9]{1,17}"  # microseconds and a number that both databases hold
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Place = tuple[datetime, int]  # last_published and id of a build, which the list goes on behind


def build_list(queries: BuildQueries, printer: str | None, limit: int, before: Place | None) -> BuildList:
    found = queries.builds(
        printer, limit=limit + 1, before=before, but_of=None if printer == CHECK_PRINTER else CHECK_PRINTER
    )
    shown = found[:limit]
    return BuildList(builds=tuple(map(_head, shown)), next=place_text(shown[-1]) if len(found) > limit else None)


def place_text(build: BuildFacts) -> str:
    """Return the place of a build in the list, as a text to ask on with."""
    return f"{(build.last_published - EPOCH) // MICROSECOND}-{build.id}"


def place_of(text: str) -> Place:
    """Return the place that a text of the pattern PLACE names."""
    microseconds, number = map(int, text.split("-"))
    return EPOCH + microseconds * MICROSECOND, number


def build_page(engine: Engine, printer: str, build: str) -> BuildPage | None:
    """Return what the history says of a build, None where it knows nothing."""
    facts = BuildQueries(engine).build(printer, build)
    if facts is None:
        return None
    stages = StageQueries(engine).ranges(printer, build)
    told = Notes(engine).events(printer, build)[-EVENTS_AT_MOST:]
    return BuildPage(
        **dict(_head(facts)),
        recorded=True,
        stages=tuple(StageHead.model_validate(stage, from_attributes=True) for stage in stages),
        events=tuple(map(_event, told)),
    )


def seen_page(rows: Sequence[Row]) -> BuildPage | None:
    """Return what the newest verdicts of its layers say of a build, None without any."""
    if not rows:
        return None
    captured = [captured_of(row) for row in rows]
    return BuildPage(
        printer=rows[0].printer,
        build=rows[0].build,
        first_captured=min(captured),
        last_captured=max(captured),
        last_published=max(row.published for row in rows),
        decisions=complete(Counter(row.decision for row in rows)),
        recorded=False,
        stages=tuple(_stage(stage, [row.layer for row in rows if row.stage is stage]) for stage in _stages(rows)),
        events=(),
    )


def _stages(rows: Sequence[Row]) -> list[Stage]:
    there = {row.stage for row in rows}
    return [stage for stage in Stage if stage in there]


def _stage(stage: Stage, numbers: Sequence[int]) -> StageHead:
    return StageHead(stage=stage, first=min(numbers), last=max(numbers), layers=len(numbers))


def _head(facts: BuildFacts) -> BuildHead:
    return BuildHead(
        printer=facts.printer,
        build=facts.name,
        first_captured=facts.first_captured,
        last_captured=facts.last_captured,
        last_published=facts.last_published,
        decisions=dict(facts.decisions),
    )


def _event(record: EventRecord) -> BuildEvent:
    try:
        event: Event | None = Event.from_json(record.body)
    except WireError:  # of a later version; what the history itself knows of it still counts
        event = None
    evidence = event.evidence if event is not None else ()
    return BuildEvent(
        id=record.id,
        kind=record.kind,
        words=EVENT_WORDS.get(record.kind, record.kind),
        severity=event.severity.value if event is not None else None,
        layer=record.layer,
        published=record.published,
        reasons=event.reasons if event is not None else (),
        places=tuple(EventPlace(stage=each.stage, bbox=each.bbox) for each in evidence if each.bbox is not None),
    )
