"""What stands in for roles that a test does not start: what ingest reports, and a worker that says that it lives."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from layerwatch.events import SEVERITY_OF, Event, EventKind, Evidence, LayerSeen, event_id
from layerwatch.job import INSPECT_QUEUE
from layerwatch.redis_sources import RedisSources
from layerwatch.verdict import Verdict
from tests.source_states import a_source_state


def report_source(client: Redis, printer: str = "m290", **about: object) -> None:
    """Say what ingest says of a folder, by default that all is well and that the next word comes in an hour."""
    state = a_source_state(printer, **{"updated": datetime.now(UTC), "every_seconds": 3600.0, **about})  # type: ignore[arg-type]  # as they are called
    RedisSources(client).report(state)


@contextmanager
def living_worker(client: Redis) -> Iterator[str]:
    """Have a worker registered that takes no job; yields the key of what it says."""
    queue = Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)
    worker = SimpleWorker([queue], connection=client, serializer=JSONSerializer)
    worker.register_birth()  # type: ignore[no-untyped-call]  # of RQ
    try:
        yield str(worker.key)
    finally:
        worker.register_death()  # type: ignore[no-untyped-call]  # of RQ


def an_event(verdict: Verdict, kind: EventKind = EventKind.BUILD_AT_RISK, *, since: int = 1) -> Event:
    """Return an event whose trigger is a verdict."""
    seen = LayerSeen(layer=since, id=verdict.id, decision=verdict.decision, area_px=300, area_mm2=3.0, overlay=None)
    return Event(
        schema=1,
        id=event_id(verdict.printer, verdict.build, kind, verdict.id),
        kind=kind,
        severity=SEVERITY_OF[kind],
        printer=verdict.printer,
        build=verdict.build,
        layer=verdict.layer,
        reasons=("A long thin mark stays at one place.", "Decide whether the build goes on."),
        evidence=(Evidence(stage=verdict.stage, bbox=(100, 50, 30, 300), layers=(seen,)),),
        trigger=verdict.id,
        noticed=datetime.now(UTC),
    )
