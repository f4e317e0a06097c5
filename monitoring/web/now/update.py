"""What changed on the page since it was last told, and what is said aloud of it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from layerwatch.events import Severity
from layerwatch.verdict import Decision
from layerwatch.verdict_stream import START
from monitoring.event_words import EVENT_WORDS
from monitoring.web.live.told import Told
from monitoring.web.live.window import Seen, Window
from monitoring.web.now.cards import Card
from monitoring.web.now.condition import first_layer, what_now_of
from monitoring.web.now.views import TABLE_ROWS, Column, printed

ANNOUNCED: Final = 3  # rejects, and events, by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What came after a cursor, as pieces of the page.

    Attributes:
        cursor: behind which the next update begins.
        begun: cards of builds that the page does not show yet; they come whole.
        grown: cards of builds that the page shows; only the columns in `columns` changed.
        rows: new rows of the table, oldest first.
        polite, urgent: what is to be said aloud, empty for nothing.
    """

    cursor: str
    begun: tuple[Card, ...]
    grown: tuple[Card, ...]
    columns: dict[str, tuple[Column, ...]]
    rows: tuple[Seen, ...]
    polite: str
    urgent: str


def update_after(
    window: Window, cursor: str, cards: Iterable[Card], *, told: Sequence[Told] = (), all_cards: bool = False
) -> Update:
    """Return the pieces of the page that changed behind a cursor.

    Args:
        window: the latest verdicts.
        cursor: of the last one that the page shows.
        cards: as they are now.
        told: events that the page has not announced.
        all_cards: something else changed that any card may show.
    """
    arrived = window.after(cursor)
    new = list(printed(arrived))
    shown = {seen.row.printer: seen.row.build for seen in window.after(START)[: len(window) - len(arrived)]}
    touched = {seen.row.printer for seen in new} | {one.event.printer for one in told}
    changed = [card for card in cards if all_cards or card.printer in touched]
    grown = tuple(card for card in changed if card.view is not None and shown.get(card.printer) == card.view.build)
    return Update(
        cursor=arrived[-1].cursor if arrived else cursor,
        begun=tuple(card for card in changed if card not in grown),
        grown=grown,
        columns={card.printer: _columns(card, new) for card in grown},
        rows=tuple(new[-TABLE_ROWS:]),
        polite=_joined(_polite(new), _events(told, critical=False)),
        urgent=_joined(_events(told, critical=True), _urgent(new)),
    )


def _columns(card: Card, new: Iterable[Seen]) -> tuple[Column, ...]:
    view = card.view
    if view is None:
        return ()
    layers = {seen.row.layer for seen in new if (seen.row.printer, seen.row.build) == (view.printer, view.build)}
    return tuple(column for column in view.columns if column.layer in layers)


def spoken(seen: Seen) -> str:
    """Return a verdict as a sentence."""
    row = seen.row
    found = f"{row.region_count} defect region{'' if row.regions == 1 else 's'}, {row.total}" if row.regions else ""
    why = found or "; ".join(row.reasons)
    return f"{row.decision.value}: {row.printer}, layer {row.layer}, {row.stage.value}{f'. {why}' if why else ''}."


def spoken_event(told: Told) -> str:
    """Return an event as a sentence."""
    event = told.event
    return f"{EVENT_WORDS[event.kind]}: {event.printer}, since layer {first_layer(event)}. {what_now_of(event)}"


def _polite(new: Sequence[Seen]) -> str:
    quiet = [seen for seen in new if seen.row.decision is not Decision.REJECT]
    if not quiet:
        return ""
    head = "" if len(quiet) == 1 else f"{len(quiet)} new verdicts. The last one, "
    return f"{head}{spoken(quiet[-1])}"


def _urgent(new: Sequence[Seen]) -> str:
    return _some([spoken(seen) for seen in new if seen.row.decision is Decision.REJECT])


def _events(told: Sequence[Told], *, critical: bool) -> str:
    return _some([spoken_event(one) for one in told if (one.event.severity is Severity.CRITICAL) is critical])


def _some(sentences: Sequence[str]) -> str:
    """Return the latest of what is to be said, and how much more there is."""
    more = len(sentences) - ANNOUNCED
    return _joined(*sentences[-ANNOUNCED:], f"And {more} more." if more > 0 else "")


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
