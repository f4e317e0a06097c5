"""How everything is, for `GET /api/status` and the `status` events alike."""

from datetime import UTC, datetime

from monitoring.web.now.present import Present
from monitoring.web.now.wire import Status, TroubleNow


def status_of(present: Present) -> Status:
    """Return how everything is now."""
    shown, feed, lookout = present.look(), present.feed, present.lookout
    plant = lookout.plant
    queue = {} if plant is None else {"queued": plant.queued, "started": plant.started, "given_up": plant.given_up}
    return Status(
        now=datetime.now(UTC),
        redis=feed.answers,
        since=feed.since,
        loaded=feed.loaded,
        standing=lookout.standing,
        well=shown.headline.is_well and bool(feed.answers),
        headline=shown.headline.sentence,
        printers=len(shown.cards),
        alarms=tuple(card.printer for card in shown.headline.alarms),
        workers={} if plant is None else {state: plant.workers.get(state, 0) for state in ("idle", "busy", "silent")},
        queue=queue,
        troubles=tuple(map(TroubleNow.of, lookout.troubles)),
    )
