"""Is what was queued still known there? A wiped or restored Redis forgets, the folder and the artifacts do not."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import structlog

from ingest.assembly import Assembly
from ingest.feed import Feed, Sink
from layerwatch.layers import LayerKey

BATCH = 200

log = structlog.get_logger()


class Audit:
    """Compares what was handed over with queue and ledger, some at a time, and offers again what they forgot."""

    def __init__(self, feed: Feed, assembly: Assembly, sink: Sink) -> None:
        self._feed = feed
        self._assembly = assembly
        self._sink = sink

    def run(self) -> None:
        """Check some of what is outstanding, and that the ledger still knows what was published.

        Raises:
            RedisError: Redis does not answer; nothing is lost by trying again.
        """
        witness = self._feed.witness
        if self._feed.has_forgotten or (witness and not self._sink.ledger.is_published(witness)):
            log.warning("redis_lost_its_state", missing=witness)
            self._feed.witness, self._feed.has_forgotten = "", False
            for key in self._assembly.emitted():
                self._offer_again(key)
            return
        names = list(self._feed.outstanding)
        lost = self._check([*names[:BATCH], *names[BATCH:][-1:]])
        if lost:
            lost += self._check(list(self._feed.outstanding))
            log.warning("inspections_lost", count=lost)

    def _check(self, names: Iterable[str]) -> int:
        """Offer again what is neither queued nor published, and return how many; what is queued moves to the end."""
        lost = 0
        for name in names:
            held = self._sink.queue.holds(name)  # asked first: a worker publishes before it lets go of its job
            published = self._sink.ledger.is_published(name)
            key = self._feed.outstanding.pop(name)
            if published:
                self._feed.witness = name
            elif held:
                self._feed.outstanding[name] = key
                self._feed.sender.keep(name, partial(self._assembly.again, key), self._sink.ledger)
            else:
                self._offer_again(key)
                lost += 1
        return lost

    def _offer_again(self, key: LayerKey) -> None:
        """Offer a layer set as it is known now, no longer as a live one."""
        emission = self._assembly.again(key)
        if emission is not None:
            self._feed.offer([replace(emission, live=False)])
