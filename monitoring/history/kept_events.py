"""Events on their way to Redis are kept in the history, too, so that reports have them."""

from collections.abc import Iterator

from layerwatch.events import Event
from layerwatch.ports import EventChannel
from monitoring.history.notes import EventRecord, Notes


class KeptEvents:
    """An EventChannel that keeps what passes; whoever reads it from the start brings a new history up to date.

    It raises what the history's database raises.
    """

    def __init__(self, channel: EventChannel, notes: Notes) -> None:
        self._channel = channel
        self._notes = notes

    def publish(self, event: Event) -> bool:
        self._keep(event)
        return self._channel.publish(event)

    def since(self, cursor: str, *, wait_seconds: float) -> Iterator[tuple[str, Event]]:
        for entry, event in self._channel.since(cursor, wait_seconds=wait_seconds):
            self._keep(event)
            yield entry, event

    def latest_cursor(self) -> str:
        return self._channel.latest_cursor()

    def _keep(self, event: Event) -> None:
        record = EventRecord(
            id=event.id,
            kind=event.kind.value,
            printer=event.printer,
            build=event.build,
            layer=event.layer,
            published=event.noticed,
            body=event.to_json(),
        )
        self._notes.keep_event(record)
