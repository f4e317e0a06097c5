"""What is silent, down or late, in words that say what to do. Pure: from facts to a list of troubles."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitoring.web.now.facts import HistoryFacts
from monitoring.web.now.folder_troubles import folder_troubles
from monitoring.web.now.plant import Plant
from monitoring.web.now.trouble import Gravity, Kind, Trouble, counted, length
from monitoring.web.words import sentence_of

LATELY_SECONDS: Final = 120.0
BACKLOG: Final = 10  # inspections that wait: fewer are what a few printers write at once
BEHIND_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the troubles follow from.

    Attributes:
        away_since: since when Redis does not answer, None while it does.
        plant: None while nobody knows.
        history: None while nobody knows.
        last_verdict_seconds: since the last verdict, None if there is none.
        lately: verdicts of the last LATELY_SECONDS.
        unwritten_seconds: for how long the oldest verdict has waited that the history does not hold.
    """

    away_since: datetime | None = None
    plant: Plant | None = None
    history: HistoryFacts | None = None
    last_verdict_seconds: float | None = None
    lately: int = 0
    unwritten_seconds: float = 0.0


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """Return what is wrong, the gravest first."""
    found = [*_redis(facts), *_history(facts)]
    if facts.plant is not None and facts.away_since is None:
        found += [
            *_workers(facts.plant),
            *_artifacts(facts.plant),
            *folder_troubles(facts.plant),
            *_queue(facts, facts.plant),
        ]
    ranks = list(Gravity)
    return tuple(sorted(found, key=lambda trouble: ranks.index(trouble.gravity)))


def _redis(facts: Facts) -> Iterator[Trouble]:
    if facts.away_since is not None:
        yield Trouble(
            kind=Kind.REDIS,
            gravity=Gravity.DOWN,
            sentence="Redis does not answer: no layer is judged.",
            what_now="Start Redis again. All goes on by itself then, and no layer is lost.",
        )


def _workers(plant: Plant) -> Iterator[Trouble]:
    silent = plant.workers.get("silent", 0)
    if not plant.alive:
        yield Trouble(
            kind=Kind.WORKERS,
            gravity=Gravity.DOWN,
            sentence=f"No worker is running: no layer is judged.{_waiting(plant)}",
            what_now="Start one: `python -m worker run`. It judges what waits, layers printed now first.",
        )
    elif silent:
        yield Trouble(
            kind=Kind.WORKERS,
            gravity=Gravity.WARNING,
            sentence=f"{silent} of {counted(plant.alive + silent, 'worker')} {'is' if silent == 1 else 'are'} silent.",
            what_now="Look at the worker's machine. The others take over what it had in hand.",
        )


def _artifacts(plant: Plant) -> Iterator[Trouble]:
    if not plant.unwritable:
        return
    gravity = Gravity.WARNING
    sentence = f"{len(plant.unwritable)} of {counted(plant.alive, 'worker')} can write no verdict."
    if plant.none_can_write:
        gravity = Gravity.DOWN
        sentence = f"No verdict can be written: no layer is judged.{_waiting(plant)}"
    yield Trouble(
        kind=Kind.ARTIFACTS,
        gravity=gravity,
        sentence=sentence,
        what_now=f"{sentence_of(plant.unwritable[0])} All goes on by itself then, and no layer is lost.",
    )


def _waiting(plant: Plant) -> str:
    waiting = plant.queued + plant.started
    return f" {counted(waiting, 'layer set')} {'waits' if waiting == 1 else 'wait'}." if waiting else ""


def _queue(facts: Facts, plant: Plant) -> Iterator[Trouble]:
    yield from _stuck(facts, plant)
    in_folders = sum(source.state.sets_waiting.get("queue", 0) for source in plant.watched)
    waiting = plant.queued + in_folders
    if waiting >= BACKLOG and not plant.none_can_write:
        grows = " and they become more" if plant.grows else ""
        yield Trouble(
            kind=Kind.BACKLOG,
            gravity=Gravity.WARNING if plant.grows else Gravity.NOTE,
            sentence=f"{counted(waiting, 'layer set')} wait{grows}{_duration(waiting, facts.lately)}.",
            what_now="Start more workers." if plant.grows else "Layers that are printed now go ahead of them.",
        )
    if plant.given_up:
        yield Trouble(
            kind=Kind.GIVEN_UP,
            gravity=Gravity.WARNING,
            sentence=f"{counted(plant.given_up, 'inspection')} could not be done after several attempts.",
            what_now="Their layers are invalid. See why: `python -m ingest quarantine list`.",
        )


def _stuck(facts: Facts, plant: Plant) -> Iterator[Trouble]:
    is_late = facts.last_verdict_seconds is None or facts.last_verdict_seconds > LATELY_SECONDS
    if plant.alive and not plant.none_can_write and plant.waiting_seconds > LATELY_SECONDS and is_late:
        yield Trouble(
            kind=Kind.STUCK,
            gravity=Gravity.DOWN,
            sentence=f"Workers run, but no verdict has come for {length(plant.waiting_seconds)}.",
            what_now="Their log says why; in most cases a share does not answer. Start them again.",
        )


def _duration(waiting: int, lately: int) -> str:
    return f", for about {length(max(60.0, waiting * LATELY_SECONDS / lately))} at the present pace" if lately else ""


def _history(facts: Facts) -> Iterator[Trouble]:
    history = facts.history
    if history is None:
        return
    if history.missing:
        yield Trouble(
            kind=Kind.HISTORY,
            gravity=Gravity.WARNING,
            sentence="Nothing is kept, and nobody watches over the layers: there is no history.",
            what_now=sentence_of(history.missing),
        )
    elif history.away:
        yield Trouble(
            kind=Kind.HISTORY,
            gravity=Gravity.WARNING,
            sentence="The history does not answer: earlier builds and notes cannot be read.",
            what_now="Look after the database and its disk. Nothing is lost meanwhile.",
        )
    elif facts.unwritten_seconds > BEHIND_SECONDS:
        yield Trouble(
            kind=Kind.HISTORY,
            gravity=Gravity.WARNING,
            sentence=f"The history is {length(facts.unwritten_seconds)} behind, and so is the watch over the layers.",
            what_now="Start the recorder: `python -m monitoring record`. It catches up by itself.",
        )
