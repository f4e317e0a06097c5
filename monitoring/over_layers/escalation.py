"""Tells what builds show over their layers: the thin shell around BuildWatch, called for each verdict in order."""

from collections import deque

import structlog

from layerwatch.events import Event
from layerwatch.ports import EventChannel
from layerwatch.verdict import Verdict
from monitoring.over_layers.metrics import RiskMetrics
from monitoring.over_layers.watch import BuildWatch

log = structlog.get_logger(__name__)

FROM_START, NO_TIME = "0", 0.001
MOST_WAITING = 1000  # events, while Redis is away


class Escalation:
    """An observer of verdicts.

    Args:
        watch: what it knows of builds and printers.
        events: where it tells.
        metrics: what it counts.
    """

    def __init__(self, watch: BuildWatch, events: EventChannel, metrics: RiskMetrics) -> None:
        self._watch = watch
        self._events = events
        self._metrics = metrics
        self._waiting: deque[Event] = deque(maxlen=MOST_WAITING)
        self._remembers = False

    def see(self, verdict: Verdict) -> None:
        """Tell what a verdict shows together with those before.

        After a restart it is to see the last verdicts of each printer again, oldest first; nothing is told twice.

        Raises:
            RedisError: Redis does not answer now; the verdict is to be shown again, and then nothing is left out.
        """
        self._remember()
        self._waiting.extend(self._watch.see(verdict))
        self._metrics.show(self._watch, verdict.printer)
        self._tell()

    def _remember(self) -> None:
        if not self._remembers:
            for _, event in self._events.since(FROM_START, wait_seconds=NO_TIME):
                self._watch.remember(event)
            self._remembers = True

    def _tell(self) -> None:
        while self._waiting:
            event = self._waiting[0]
            if self._events.publish(event):
                self._metrics.told(event.kind)
                log.warning(
                    "event_told",
                    id=event.id,
                    kind=event.kind.value,
                    printer=event.printer,
                    build=event.build,
                    layer=event.layer,
                )
            self._waiting.popleft()
