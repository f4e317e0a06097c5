"""What the page shows now: made anew only when something behind it changed, however many ask."""

from dataclasses import dataclass

from layerwatch.verdict_stream import START
from monitoring.web.live.feed import Feed
from monitoring.web.live.told import ToldFeed
from monitoring.web.now.cards import Card, Known, cards
from monitoring.web.now.headline import Headline, headline
from monitoring.web.now.lookout import Lookout


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The cards by the printer's name, and what is said first."""

    cards: tuple[Card, ...]
    headline: Headline


class Present:
    """Puts together what the feeds and the lookout know."""

    def __init__(self, feed: Feed, told: ToldFeed, lookout: Lookout) -> None:
        self.feed = feed
        self.told = told
        self.lookout = lookout
        self._of: tuple[str, ...] = ()
        self._shown: Shown | None = None

    def look(self) -> Shown:
        """Return what is to be shown."""
        known = (self.feed.window.floor, self.feed.window.cursor, self.told.cursor, self.lookout.standing)
        if self._shown is None or known != self._of:
            self._of, self._shown = known, self._look()
        return self._shown

    def _look(self) -> Shown:
        lookout, plant = self.lookout, self.lookout.plant
        known = Known(
            told=self.told.after(START),
            sources=plant.watched if plant else (),
            troubles=lookout.troubles,
            acknowledged=lookout.acknowledged,
        )
        shown = tuple(cards(self.feed.window, known))
        waiting = plant.queued + plant.started if plant else None
        return Shown(cards=shown, headline=headline(shown, lookout.troubles, waiting=waiting))
