"""One card for each printer: its running build or that it waits for one, how it is, and what was told of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from layerwatch.events import Event, Severity
from monitoring.event_words import EVENT_WORDS
from monitoring.history.notes import Acknowledgement
from monitoring.web.live.told import Told
from monitoring.web.live.window import Window
from monitoring.web.now.condition import Condition, condition, first_layer, stands
from monitoring.web.now.plant import Source
from monitoring.web.now.trouble import Gravity, Trouble
from monitoring.web.now.views import BuildView, builds

SHOWN_EVENTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event on a card.

    Attributes:
        since: the first layer that it is about.
        acknowledged: who has seen it, None for nobody.
        stands: it still says how the build is.
    """

    event: Event
    since: int
    acknowledged: Acknowledgement | None
    stands: bool

    @property
    def title(self) -> str:
        return EVENT_WORDS[self.event.kind]

    @property
    def is_critical(self) -> bool:
        return self.event.severity is Severity.CRITICAL

    @property
    def is_open(self) -> bool:
        return self.acknowledged is None and self.stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One printer on the page.

    Attributes:
        view: its running build, None before its first verdict; `condition` likewise.
        source: how its folder is doing, None where no ingest told of it.
        unwatched: why no new layer of it is judged, None while they are.
        notices: what was told of the build and still matters, newest first; `more` that are not shown.
    """

    printer: str
    view: BuildView | None = None
    condition: Condition | None = None
    source: Source | None = None
    troubles: tuple[Trouble, ...] = ()
    unwatched: Trouble | None = None
    notices: tuple[Notice, ...] = ()
    more: int = 0

    @property
    def is_fine(self) -> bool:
        return self.condition is None or self.condition.is_fine


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What cards are made of, beside the verdicts.

    Attributes:
        told: events over layers, oldest first.
        sources: the printers' folders.
        troubles: what is wrong, the gravest first.
        acknowledged: what people have seen, by the id of the verdict or the event.
    """

    told: Sequence[Told] = ()
    sources: Sequence[Source] = ()
    troubles: Sequence[Trouble] = ()
    acknowledged: Mapping[str, Acknowledgement] = field(default_factory=dict)


def cards(window: Window, known: Known) -> list[Card]:
    """Return the cards by the printer's name: a screen on the wall keeps its order."""
    views = {view.printer: view for view in builds(window)}
    sources = {source.state.printer: source for source in known.sources}
    return [_card(name, views.get(name), sources.get(name), known) for name in sorted({*views, *sources})]


def gravest_first(shown: Sequence[Card]) -> list[Card]:
    """Return the cards whose builds are not fine, the gravest first."""
    found = [(card.condition.rank, card) for card in shown if card.condition is not None and not card.is_fine]
    return [card for _, card in sorted(found, key=lambda each: each[0])]


def _card(printer: str, view: BuildView | None, source: Source | None, known: Known) -> Card:
    concern = [trouble for trouble in known.troubles if trouble.printer in {None, printer}]
    card = Card(
        printer=printer,
        source=source,
        troubles=tuple(trouble for trouble in concern if trouble.printer == printer),
        unwatched=next((trouble for trouble in concern if trouble.gravity is Gravity.DOWN), None),
    )
    if view is None:
        return card
    about = [one for one in known.told if (one.event.printer, one.event.build) == (printer, view.build)]
    notices = _notices(about, view, known.acknowledged)
    return replace(
        card,
        view=view,
        condition=condition(view.sets, about, known.acknowledged),
        notices=notices[:SHOWN_EVENTS],
        more=len(notices[SHOWN_EVENTS:]),
    )


def _notices(
    events: Sequence[Told], view: BuildView, acknowledged: Mapping[str, Acknowledgement]
) -> tuple[Notice, ...]:
    """Return what was told, the newest first, and what nobody has seen before the rest."""
    newest = max(seen.row.layer for seen in view.sets)
    found = [
        Notice(
            event=one.event,
            since=first_layer(one.event),
            acknowledged=acknowledged.get(one.event.id),
            stands=stands(one.event, newest),
        )
        for one in reversed(events)
    ]
    return tuple(sorted(found, key=lambda notice: (not notice.is_open, not notice.is_critical)))
