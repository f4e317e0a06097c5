"""How a running build is: is it fine, since when not, where, and what now. Pure.

A layer that was not fine stays what is said first until enough later ones are, or until somebody acknowledges it: a
reject that the next layer's pass would cover after some seconds is seen by nobody.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from layerwatch.events import Event, EventKind
from layerwatch.layers import Stage
from layerwatch.verdict import Decision
from monitoring.severity import rank
from monitoring.web.live.told import Told
from monitoring.web.live.window import Seen
from monitoring.web.places import place_of, place_of_largest

CALM_LAYERS: Final = 5  # so many fine layers later a build is fine again
STANDS_LAYERS: Final = 50  # so many layers later an event that nobody acknowledged is no longer what is said first
AT_RISK: Final = "at risk"
WHAT_NOW: Final = {
    Decision.PASS: "Nothing to do.",
    Decision.REVIEW: "Look at the layer.",
    Decision.REJECT: "Stop the build and look at the layer.",
    Decision.INVALID: "The pictures cannot be judged. Check camera and lights.",
}
DECISION_OF: Final = {EventKind.BUILD_AT_RISK: Decision.REJECT, EventKind.REJECT_SERIES: Decision.REJECT} | {
    EventKind.INVALID_SERIES: Decision.INVALID
}
EVENT_NOW: Final = {  # of the others the last sentence says it
    EventKind.DEFECT_PERSISTS: "Look at the layer.",
    EventKind.DEFECT_DRIFT: "See to powder, recoater blade and gas flow.",
    EventKind.PICTURE_DRIFT: "See to camera, lamps and lens.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a running build is.

    Attributes:
        word: the decision in a word, or AT_RISK.
        decision: whose colour and shape it has.
        since: the first layer of which that is said.
        layers: over how many layers, the latest included.
        layer, stage: where to look; None where everything is fine.
        place: where in the picture, in words, empty where that is not known.
        what_now: what to do.
        shows: the verdict on that layer, None where all is fine or the page no longer holds it.
        event: the event that says so, None where the layers alone do.
    """

    word: str
    decision: Decision
    since: int
    layers: int
    layer: int | None = None
    stage: Stage | None = None
    place: str = ""
    what_now: str
    shows: Seen | None = None
    event: Event | None = None

    @property
    def is_fine(self) -> bool:
        return self.decision is Decision.PASS

    @property
    def is_at_risk(self) -> bool:
        return self.word == AT_RISK

    @property
    def rank(self) -> tuple[int, bool]:
        """The smaller, the graver; what stops a build says more than what puts it at risk."""
        return rank(self.decision), self.is_at_risk

    @property
    def since_when(self) -> str:
        return f"since layer {self.since} ({self.layers} layer{'' if self.layers == 1 else 's'})"


def condition(sets: Sequence[Seen], told: Sequence[Told], acknowledged: Collection[str]) -> Condition:
    """Return how a build is.

    Args:
        sets: the newest revision of each layer set, at least one.
        told: the events about the build.
        acknowledged: ids of inspections and events that somebody has seen.
    """
    layers = sorted({seen.row.layer for seen in sets})
    said = _of_layers(sets, layers, acknowledged)
    standing = [one.event for one in told if one.event.id not in acknowledged and stands(one.event, layers[-1])]
    for event in standing:
        said = _graver(said, _of_event(event, layers, sets))
    return said


def stands(event: Event, newest: int) -> bool:
    """Return whether an event still says how the build is at its newest layer."""
    return newest - event.layer <= STANDS_LAYERS


def _graver(one: Condition, other: Condition) -> Condition:
    """Return the graver of two."""
    return min(one, other, key=lambda said: said.rank)


def _of_layers(sets: Sequence[Seen], layers: Sequence[int], acknowledged: Collection[str]) -> Condition:
    bad = {seen.row.layer: seen for seen in _worst_last(sets, acknowledged)}
    run = _last_run(layers, bad)
    if not run or len(layers) - run[-1] > CALM_LAYERS:
        since = layers[run[-1] + 1] if run else layers[0]
        return _fine(since, sum(layer >= since for layer in layers))
    recent = [bad[layer] for layer in layers[-CALM_LAYERS:] if layer in bad]
    decision = min((seen.row.decision for seen in recent), key=rank)
    worst = [seen for seen in recent if seen.row.decision is decision][-1]
    return Condition(
        word=decision.value,
        decision=decision,
        since=layers[run[0]],
        layers=len(layers) - run[0],
        layer=worst.row.layer,
        stage=worst.row.stage,
        place=place_of_largest(worst),
        what_now=WHAT_NOW[decision],
        shows=worst,
    )


def _fine(since: int, layers: int) -> Condition:
    return Condition(
        word=Decision.PASS.value,
        decision=Decision.PASS,
        since=since,
        layers=layers,
        what_now=WHAT_NOW[Decision.PASS],
    )


def _worst_last(sets: Sequence[Seen], acknowledged: Collection[str]) -> list[Seen]:
    """Return the layer sets that are not fine and nobody has seen, the gravest last."""
    open_ones = [seen for seen in sets if seen.row.decision is not Decision.PASS and seen.row.id not in acknowledged]
    return sorted(open_ones, key=lambda seen: -rank(seen.row.decision))


def _last_run(layers: Sequence[int], bad: Collection[int]) -> list[int]:
    """Return the places among the layers of the last bad ones that are less than CALM_LAYERS apart."""
    run: list[int] = []
    for place in range(len(layers) - 1, -1, -1):
        if layers[place] in bad:
            if run and run[0] - place > CALM_LAYERS:
                break
            run.insert(0, place)
    return run


def _of_event(event: Event, layers: Sequence[int], sets: Sequence[Seen]) -> Condition:
    since, box = first_layer(event), event.evidence[0].bbox
    shows = next((seen for seen in sets if seen.row.id == event.trigger), None)
    risk = event.kind is EventKind.BUILD_AT_RISK
    decision = DECISION_OF.get(event.kind, Decision.REVIEW)
    return Condition(
        word=AT_RISK if risk else decision.value,
        decision=decision,
        since=since,
        layers=max(1, sum(layer >= since for layer in layers)),
        layer=event.layer,
        stage=event.evidence[0].stage,
        place="" if shows is None or box is None else place_of(box, shows),
        what_now=what_now_of(event),
        shows=shows,
        event=event,
    )


def first_layer(event: Event) -> int:
    """Return the first layer that an event is about."""
    return min([event.layer, *(seen.layer for evidence in event.evidence for seen in evidence.layers)])


def what_now_of(event: Event) -> str:
    """Return what an event asks for."""
    return EVENT_NOW.get(event.kind, event.reasons[-1])
