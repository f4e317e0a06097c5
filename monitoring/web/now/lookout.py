"""Asks every few seconds how the plant is, in threads, and wakes the pages when the answer is another."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError

from layerwatch.verdict_stream import START, position
from monitoring.history.notes import Acknowledgement
from monitoring.web.history import PageHistory
from monitoring.web.live.bell import Bell
from monitoring.web.live.window import Window
from monitoring.web.now.facts import HistoryFacts, ask_history, ask_redis
from monitoring.web.now.plant import Observer, Plant
from monitoring.web.now.trouble import Trouble
from monitoring.web.now.troubles import LATELY_SECONDS, Facts, troubles
from monitoring.web.now.views import running

EVERY_SECONDS: Final = 2.0
MOST_BUILDS: Final = 64  # whose acknowledgements are read

log = structlog.get_logger(__name__)


class Lookout:
    """The one that looks in this process; pages read what it found last.

    Attributes:
        plant: what Redis said last, None before it ever answered.
        away_since: since when Redis does not answer, None while it does.
        troubles: what is wrong, the gravest first.
        behind_cards: changes whenever any card may show something else.
        standing: begins with that, and changes whenever the first line may say something else.
    """

    def __init__(self, client: Redis, history: PageHistory, window: Window, bell: Bell) -> None:
        self._redis = client
        self._history = history
        self._window = window
        self._bell = bell
        self._observer = Observer()
        self._found = HistoryFacts()
        self._is_history_known = False
        self.plant: Plant | None = None
        self.away_since: datetime | None = None
        self.troubles: tuple[Trouble, ...] = ()
        self.behind_cards = ""
        self.standing = ""

    @property
    def acknowledged(self) -> Mapping[str, Acknowledgement]:
        """What people have seen of the running builds, by the id of the verdict or the event."""
        return self._found.seen

    async def run(self) -> None:
        """Look for ever."""
        async with asyncio.TaskGroup() as both:  # a history that hangs does not hide what Redis says
            both.create_task(self._again_and_again(self.look_at_redis))
            both.create_task(self._again_and_again(self.look_at_history))

    async def look_at_redis(self) -> None:
        try:
            facts = await asyncio.to_thread(ask_redis, self._redis)
        except RedisError:
            self.away_since = self.away_since or datetime.now(UTC)
        else:
            self.away_since = None
            self.plant = self._observer.see(facts, wall=datetime.now(UTC), now=time.monotonic())
        self._conclude()

    async def look_at_history(self) -> None:
        builds = running(self._window)[:MOST_BUILDS]
        self._found = await asyncio.to_thread(ask_history, self._history, builds)
        self._is_history_known = True
        self._conclude()

    async def _again_and_again(self, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await look()
            except Exception:  # whatever it is, the pages go on and it is tried again
                log.exception("look_failed", look=getattr(look, "__name__", ""))
            await asyncio.sleep(EVERY_SECONDS)

    def _conclude(self) -> None:
        self.troubles = troubles(self._facts())
        self.behind_cards = self._digest()
        standing = f"{self.behind_cards}-{self._unjudged()}"
        if standing != self.standing:
            self.standing = standing
            self._bell.ring()

    def is_behind_cards(self, standing: str) -> bool:
        """Return whether the cards are still as they were at an earlier standing."""
        return standing.partition("-")[0] == self.behind_cards

    def _facts(self) -> Facts:
        clock = self.plant.clock if self.plant is not None else datetime.now(UTC)
        last = self._window.last
        return Facts(
            away_since=self.away_since,
            plant=self.plant,
            history=self._found if self._is_history_known else None,
            last_verdict_seconds=None if last is None else _age(last.cursor, clock),
            lately=len(self._window.after(_cursor_at(clock - timedelta(seconds=LATELY_SECONDS)))),
            unwritten_seconds=self._unwritten(clock),
        )

    def _unwritten(self, clock: datetime) -> float:
        behind = self._window.after(self._found.cursor, 1) if self._found.cursor is not None else []
        return _age(behind[0].cursor, clock) if behind else 0.0

    def _digest(self) -> str:
        sources = [(source.state.printer, source.state.folder) for source in self.plant.watched] if self.plant else []
        seen = sorted((subject, str(each.created)) for subject, each in self.acknowledged.items())
        shown = repr((self.troubles, sources, seen))
        return hashlib.sha256(shown.encode()).hexdigest()[:12]

    def _unjudged(self) -> int:
        return self.plant.queued + self.plant.started if self.plant is not None else 0


def _age(cursor: str, clock: datetime) -> float:
    return max(0.0, clock.timestamp() - position(cursor)[0] / 1000)


def _cursor_at(moment: datetime) -> str:
    return str(max(int(START), int(moment.timestamp() * 1000)))
