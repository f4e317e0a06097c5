"""Builders of what is known of a plant, and of events about its builds."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from layerwatch.events import SEVERITY_OF, Event, EventKind, Evidence, LayerSeen, event_id
from layerwatch.source_state import SourceState
from layerwatch.verdict import Decision, Verdict
from monitoring.web.live.told import Told
from monitoring.web.now.facts import RedisFacts
from monitoring.web.now.plant import Plant, Source
from tests.source_states import a_source_state
from tests.unit.monitoring.conftest import some_seen, some_verdict

__all__ = ["some_seen", "some_verdict"]

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)

StateMaker = Callable[..., SourceState]
PlantMaker = Callable[..., Plant]
ToldMaker = Callable[..., Told]


@pytest.fixture(scope="session")
def some_state() -> StateMaker:
    """A builder of what ingest says: `some_state("m290", is_up=False)`; by default nothing is wrong."""

    def build(printer: str = "m290", *, light: int = 0, queue: int = 0, **about: object) -> SourceState:
        waiting = {"light": light, "queue": queue}
        return a_source_state(printer, **{"updated": NOON, "sets_waiting": waiting, **about})  # type: ignore[arg-type]  # as they are called

    return build


@pytest.fixture(scope="session")
def some_facts(some_state: StateMaker) -> Callable[..., RedisFacts]:
    """A builder of what Redis says: `some_facts(some_state(), queued=3)`."""

    def build(*states: SourceState, idle: int = 1, silent: int = 0, queued: int = 0, started: int = 0) -> RedisFacts:
        return RedisFacts(
            clock=NOON,
            sources=states or (some_state(),),
            workers={"idle": idle, "busy": 0, "silent": silent},
            jobs={"queued": queued, "started": started, "failed": 0, "scheduled": 0, "deferred": 0},
        )

    return build


@pytest.fixture(scope="session")
def some_plant(some_state: StateMaker) -> PlantMaker:
    """A builder of plants in which nothing is wrong but what is said: `some_plant(queued=40, grows=True)`."""

    def build(*sources: Source, **about: object) -> Plant:
        fine: dict[str, object] = {
            "clock": NOON,
            "workers": {"idle": 1, "busy": 1, "silent": 0},
            "queued": 0,
            "started": 0,
            "given_up": 0,
            "waiting_seconds": 0.0,
            "grows": False,
        }
        known = sources or (Source(state=some_state(), quiet_seconds=0.0, lacking_seconds=0.0),)
        return Plant(sources=known, **{**fine, **about})  # type: ignore[arg-type]  # as they are called

    return build


@pytest.fixture(scope="session")
def some_told() -> ToldMaker:
    """A builder of events about a verdict: `some_told(verdict, EventKind.BUILD_AT_RISK, since=3)`."""

    def build(
        verdict: Verdict,
        kind: EventKind = EventKind.BUILD_AT_RISK,
        *,
        since: int = 1,
        number: int = 1,
        bbox: tuple[int, int, int, int] | None = (800, 800, 50, 50),
    ) -> Told:
        seen = LayerSeen(layer=since, id=verdict.id, decision=Decision.REVIEW, area_px=9, area_mm2=None, overlay=None)
        event = Event(
            schema=1,
            id=event_id(verdict.printer, verdict.build, kind, verdict.id),
            kind=kind,
            severity=SEVERITY_OF[kind],
            printer=verdict.printer,
            build=verdict.build,
            layer=verdict.layer,
            reasons=("A mark stays at one place.", "Decide whether the build goes on."),
            evidence=(Evidence(stage=verdict.stage, bbox=bbox, layers=(seen,)),),
            trigger=verdict.id,
            noticed=NOON,
        )
        return Told(cursor=f"{number}-0", body=event.to_json().encode(), event=event)

    return build
