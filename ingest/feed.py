"""Layer sets go to the queue: each once, in order, and none is lost while Redis is away."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import structlog
from redis.exceptions import RedisError

from ingest import metrics
from ingest.artifacts import earlier_verdicts, is_about, verdict_kept
from ingest.assembly import Emission
from ingest.metrics import QUEUED, Outcome
from ingest.offer import Offer, announce, outcome_of
from ingest.sending import ByPath, NoRoomError, Sender
from layerwatch.artifacts import Artifacts
from layerwatch.errors import ArtifactsAwayError
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerKey, LayerSet
from layerwatch.ports import LayerQueue, Ledger, SourceBoard
from layerwatch.profile import Profile

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0
FULL_PAUSE_SECONDS = 1.0
ARTIFACTS_PAUSE_SECONDS = 5.0
SEND_SECONDS = 0.5  # sets are sent for so long before anything else gets its turn
MAX_UNREAD = 3  # sets whose pictures cannot be read now: the share stalls, the others wait too
QUEUE_LIMIT = 10_000
Priority = Literal["high", "normal", "low"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Where layer sets go, how it is known where they have been, and where the state of their source is told.

    Attributes:
        artifacts: hold the verdicts that a wiped Redis has forgotten.
    """

    queue: LayerQueue
    ledger: Ledger
    sources: SourceBoard
    artifacts: Artifacts


class Feed:
    """Offers wait here until Redis took them; those that it took are watched until they have their verdict.

    Attributes:
        sender: takes the pictures to where workers find them.
        outcomes: how many sets had which outcome since the start.
        is_full: sets wait because the queue is as long as it may be, or as many pictures lie in Redis as may.
        artifacts_away: sets wait because nobody can say now whether their verdict lies in the object store.
        outstanding: inspections on the queue that are not known to be published, oldest first.
        witness: an inspection that once was published; if the ledger forgets it, Redis lost its state.
        has_forgotten: the ledger forgot the witness, and was told of it again.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each thing that may be chosen
        self,
        sink: Sink,
        profile: Profile,
        *,
        priority: Priority = "normal",
        queue_limit: int = QUEUE_LIMIT,
        sender: Sender | None = None,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Hand sets to a sink; those of a backlog only while fewer than `queue_limit` inspections wait.

        Layers that are being printed go ahead of a backlog, those of high priority ahead of everything; those of low
        priority are queued as if they were a backlog. Without a sender the jobs name paths alone.
        """
        self._sink = sink
        self._limit = queue_limit
        self.sender: Sender = sender or ByPath()
        self._priority = priority
        self._profile = profile
        self._wall_clock = wall_clock
        self._offers: dict[LayerKey, Offer] = {}
        self._pause = 0.0
        self._retry_at = 0.0
        self._more_to_send = self._is_unread = False
        self.outcomes: Counter[Outcome] = Counter()
        self.is_full = self.artifacts_away = False
        self.outstanding: dict[str, LayerKey] = {}
        self.witness = ""
        self.has_forgotten = False

    def __len__(self) -> int:
        return len(self._offers)

    @property
    def is_down(self) -> bool:
        return self._pause > 0

    @property
    def retry_at(self) -> float | None:
        """When to try again, None if nothing waits."""
        return self._retry_at if self._offers else None

    def offer(self, emissions: Iterable[Emission]) -> None:
        """Take over layer sets that are ready now.

        One takes the place of an older set of its layer: sent after it, the older would count as the newer revision.
        """
        for emission in emissions:
            key = emission.layer_set.key
            older = self._offers.get(key)
            if older is None or older.id != emission.layer_set.inspection_id:
                self._offers[key] = Offer(emission=emission, settled=self._wall_clock())
            if self._is_urgent(emission) and not (self.is_down or self.artifacts_away):
                self._retry_at = 0.0  # a full queue is no reason for it to wait

    def flush(self, now: float) -> None:
        """Hand what waits to the queue; what Redis did not take, or has no room for, is tried again later.

        Args:
            now: the time, in seconds of a clock that never goes back.
        """
        if not self._offers or now < self._retry_at:
            return
        self._more_to_send = False
        self.guard(now, self._send_all)
        if self._offers and not self.is_down:
            pause = ARTIFACTS_PAUSE_SECONDS if self.artifacts_away else FULL_PAUSE_SECONDS
            self._retry_at = now if self._more_to_send else now + pause

    def guard(self, now: float, work: Callable[[], None]) -> None:
        """Do something with Redis; note when it goes and when it comes back, and pause longer each time in between."""
        try:
            work()
        except RedisError as error:
            if not self.is_down:
                log.warning("redis_down", error=str(error), waiting=len(self._offers))
            self._pause = min(max(FIRST_PAUSE_SECONDS, 2 * self._pause), LONGEST_PAUSE_SECONDS)
            self._retry_at = now + self._pause
            return
        if self.is_down:
            log.info("redis_up")
        self._pause = self._retry_at = 0.0

    def _send_all(self) -> None:
        began, full, unread, away = time.monotonic(), "", 0, ""
        room = self._limit - self._sink.queue.depth()
        for offer, ahead in self._in_order():
            if room <= 0 and not self._is_urgent(offer.emission):
                full = "queue"  # the backlog comes last
                break
            if time.monotonic() - began > SEND_SECONDS:
                self._more_to_send = True
                break
            try:
                room -= self._send(offer, ahead=ahead) in QUEUED
            except NoRoomError:
                full = "pictures"
                break
            except ArtifactsAwayError as error:
                away = str(error)
                break
            except OSError as error:
                unread += 1
                self._put_off(offer, error)
                if unread == MAX_UNREAD:
                    break
            else:
                del self._offers[offer.emission.layer_set.key]
        self._is_unread = unread > 0
        self._note_full(full)
        self._note_away(away)

    def _put_off(self, offer: Offer, error: OSError) -> None:
        """Let a set whose pictures cannot be read now hold up no other."""
        if not self._is_unread:
            log.warning("pictures_not_read", layer=str(offer.emission.layer_set.key), error=str(error))
        self._is_unread = True
        self._offers[offer.emission.layer_set.key] = self._offers.pop(offer.emission.layer_set.key)

    def _note_full(self, what: str) -> None:
        if what and not self.is_full:
            log.info("queue_full", what=what, limit=self._limit, waiting=len(self._offers))
        self.is_full = bool(what)

    def _note_away(self, error: str) -> None:
        if error and not self.artifacts_away:
            log.warning("artifacts_away", error=error, waiting=len(self._offers))
        elif self.artifacts_away and not error:
            log.info("artifacts_back")
        self.artifacts_away = bool(error)

    def _in_order(self) -> list[tuple[Offer, bool]]:
        """Return what is to be sent, and whether ahead of the backlog.

        What goes ahead is sent newest first, each before the one sent before it, so that the oldest is taken first.
        """
        urgent = [offer for offer in self._offers.values() if self._is_urgent(offer.emission)]
        others = [offer for offer in self._offers.values() if not self._is_urgent(offer.emission)]
        if urgent and (others or self._priority == "high" or self._sink.queue.ends_in_backlog()):
            return [(offer, True) for offer in reversed(urgent)] + [(offer, False) for offer in others]
        return [(offer, False) for offer in [*urgent, *others]]

    def _is_urgent(self, emission: Emission) -> bool:
        return emission.live and self._priority != "low"

    def _send(self, offer: Offer, *, ahead: bool) -> Outcome:
        try:
            outcome = self._deliver(offer, ahead=ahead)
        except ValueError as error:  # a message that breaks its own contract must not block the others
            log.warning("layer_refused", layer=str(offer.emission.layer_set.key), error=str(error))
            outcome = Outcome.REFUSED
        key = offer.emission.layer_set.key
        self.outcomes[outcome] += 1
        metrics.LAYER_SETS.labels(key.printer, key.stage, outcome).inc()
        return outcome

    def _deliver(self, offer: Offer, *, ahead: bool) -> Outcome:
        key, inspection_id = offer.emission.layer_set.key, offer.id
        is_held = self._sink.queue.holds(inspection_id)  # asked first: a worker publishes before it lets go of its job
        if self._sink.ledger.is_published(inspection_id):
            if not (self.witness and offer.emission.live):  # a backlog comes in the order in which it was written
                self._note_published(inspection_id)
            return Outcome.KNOWN
        if is_held:
            self.outstanding[inspection_id] = key
            self.sender.keep(inspection_id, lambda: offer.emission, self._sink.ledger)
            return Outcome.KNOWN
        known = self._restore(offer.emission.layer_set)
        if known is not None:
            return known
        message = InspectLayer.about(
            offer.emission.layer_set,
            profile=self._profile,
            revision=self._sink.ledger.revision(key, inspection_id),
            settled=offer.settled,
            queued=self._wall_clock(),
            problems=offer.emission.problems,
            live=self._is_urgent(offer.emission),
        )
        message = self.sender.send(message)  # before the job: who dies in between leaves only what ends by itself
        added = self._sink.queue.enqueue(message, ahead=ahead)
        if added:
            announce(offer, message, ahead=ahead)
        self.outstanding[inspection_id] = key
        return outcome_of(offer.emission, message) if added else Outcome.KNOWN

    def _restore(self, layer_set: LayerSet) -> Outcome | None:
        """Enter the verdict that the artifacts hold on this layer; return None if it is about other pictures.

        Where Redis was wiped, the ledger counts revisions on from there.
        """
        written = verdict_kept(self._sink.artifacts, layer_set.key)
        if written is None:
            return None
        is_underway = self._sink.queue.holds(written.id)  # the worker wrote it and has not published it yet
        if is_underway:
            self.outstanding[written.id] = layer_set.key
        else:
            self.has_forgotten |= written.id == self.witness
            self.witness = self.witness or written.id
            self._sink.ledger.restore(written)
            if written.revision > 1:
                self._restore_earlier(layer_set.key)
        if not is_about(written, layer_set):
            return None
        return Outcome.KNOWN if is_underway else Outcome.RESTORED

    def _restore_earlier(self, key: LayerKey) -> None:
        """Enter the ids of earlier revisions, too, so that none is given out again."""
        for verdict in earlier_verdicts(self._sink.artifacts, key):
            if not self._sink.queue.holds(verdict.id):
                self._sink.ledger.restore(verdict)

    def _note_published(self, inspection_id: str) -> None:
        """Take the newest as witness, unless the ledger no longer knows the one before."""
        if self.witness and not self._sink.ledger.is_published(self.witness):
            self.has_forgotten = True
        else:
            self.witness = inspection_id
