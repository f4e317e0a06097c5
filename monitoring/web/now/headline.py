"""The first line of the page: whether all is well, or the worst that is not. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from layerwatch.verdict import Decision
from monitoring.web.now.cards import Card, gravest_first
from monitoring.web.now.trouble import Gravity, Trouble, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What is said first.

    Attributes:
        look: name of the shape and colour: that of a decision or of a gravity, or `at risk`.
        sentence: what is said.
        printer: whose build that is about, None where it is about no single one.
        trouble: what that is, None where it is a build or all is well.
        alarms: printers whose builds are not fine, the gravest first.
        troubles: what else is silent, down or late, the gravest first.
    """

    look: str
    sentence: str
    printer: str | None = None
    trouble: Trouble | None = None
    alarms: tuple[Card, ...]
    troubles: tuple[Trouble, ...]

    @property
    def is_well(self) -> bool:
        return self.look == Decision.PASS


def headline(cards: Sequence[Card], troubles: Sequence[Trouble], *, waiting: int | None) -> Headline:
    """Return what is said first; `waiting` inspections have no verdict yet, None where nobody knows."""
    alarms = gravest_first(cards)
    first = _worst(alarms, troubles)
    rest = tuple(trouble for trouble in troubles if trouble is not first)
    if isinstance(first, Card):
        look, sentence = _of_builds(first, len(alarms) - 1)
        return Headline(look=look, sentence=sentence, printer=first.printer, alarms=tuple(alarms), troubles=rest)
    look, sentence = (first.gravity.value, first.sentence) if first else _well(len(cards), waiting)
    return Headline(look=look, sentence=sentence, trouble=first, alarms=tuple(alarms), troubles=rest)


def _worst(alarms: Sequence[Card], troubles: Sequence[Trouble]) -> Card | Trouble | None:
    """Return a build that is to be stopped before what is down, and any other build before what is late."""
    stops = [card for card in alarms if card.condition and card.condition.decision is Decision.REJECT]
    for gravity, builds in ((Gravity.DOWN, stops), (Gravity.WARNING, alarms)):
        if builds:
            return builds[0]
        if found := [trouble for trouble in troubles if trouble.gravity is gravity]:
            return found[0]
    return None


def _of_builds(first: Card, others: int) -> tuple[str, str]:
    assert first.condition is not None  # noqa: S101 - an alarm has one
    more = f", and {counted(others, 'more build')}" if others else ""
    word = first.condition.word
    return word, f"{first.printer}: {word} {first.condition.since_when}{more}"


def _well(printers: int, waiting: int | None) -> tuple[str, str]:
    if waiting is None:
        return Gravity.NOTE.value, "Looking how everything is"
    if not printers:
        return Decision.PASS.value, "Nothing is printed, nothing is down"
    judged = f"{counted(waiting, 'layer')} being judged" if waiting else "all layers judged"
    return Decision.PASS.value, f"{counted(printers, 'printer')}, {judged}, nothing is down"
