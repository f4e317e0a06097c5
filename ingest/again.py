"""A person asks for a new inspection of pictures that have their verdict, or were given up on."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import inf

from ingest.assembly import Assembly
from ingest.examine import examine, unreadable
from ingest.intake import frame_of
from ingest.sending import ByValue, NoRoomError
from ingest.settings import Printer
from ingest.source import Found, Source
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerKey
from layerwatch.ports import GivenUp, LayerQueue, Ledger, Quarantine


class Answer(StrEnum):
    QUEUED = "queued"  # the next that a worker takes
    WAITS = "waits already"  # it is on the queue, or a worker has it
    UNKNOWN = "there is no picture of it"  # in no folder that is watched
    UNREADABLE = "its message cannot be read"  # it can be asked for with the pictures that lie in the folder now
    UNSENT = "its pictures cannot be sent from here now"  # no room for them in Redis, or they are not in SOURCES_DIR


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of one request; the revision that the new verdict will have, 0 where there will be none."""

    layer: str
    answer: Answer
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where requests go.

    Attributes:
        sender: sends pictures with their bytes where `by_value` or the message says that they travel so.
    """

    queue: LayerQueue
    quarantine: Quarantine
    ledger: Ledger
    sender: ByValue
    by_value: bool = False

    def ask(self, message: InspectLayer) -> Asked:
        """Queue what a message asks for, ahead of all others, as the next inspection of these pictures."""
        times, layer = message.again, str(message.layer_set.key)
        while self.ledger.is_published(message.asked_again(times).id):
            times += 1
        wanted = message.asked_again(times)
        sent = self._sent(wanted)
        if sent is None:
            return Asked(layer=layer, answer=Answer.UNSENT)
        if not self.quarantine.forget(wanted.id) and self.queue.holds(wanted.id):
            return Asked(layer=layer, answer=Answer.WAITS)
        revision = self.ledger.revision(message.layer_set.key, wanted.id)
        changes = {"revision": revision, "queued": datetime.now(UTC), "live": True}
        if not self.queue.enqueue(sent.model_copy(update=changes), ahead=True):
            return Asked(layer=layer, answer=Answer.WAITS)
        self.quarantine.forget(message.id)
        return Asked(layer=layer, answer=Answer.QUEUED, revision=revision)

    def _sent(self, message: InspectLayer) -> InspectLayer | None:
        """Return the message with its pictures sent, where they are to be; None if that is not possible now."""
        if not self.by_value and all(capture.sent == "path" for capture in message.captures):
            return message
        try:
            sent = self.sender.send(message)
        except (NoRoomError, OSError):
            return None
        return None if sent.unsent and not message.problems else sent

    def retry(self, given_up: Iterable[GivenUp]) -> list[Asked]:
        """Ask again for inspections that were given up on, with the pictures that they were asked for with."""
        return [
            self.ask(one.message) if one.message else Asked(layer=one.layer or one.id, answer=Answer.UNREADABLE)
            for one in given_up
        ]

    def requeue(self, keys: Collection[LayerKey], printers: Sequence[Printer]) -> list[Asked]:
        """Ask again for layers, with the pictures that lie in the folders now."""
        messages = {message.layer_set.key: message for each in printers for message in as_they_lie(each, keys)}
        return [
            self.ask(messages[key]) if key in messages else Asked(layer=str(key), answer=Answer.UNKNOWN) for key in keys
        ]


def as_they_lie(printer: Printer, keys: Collection[LayerKey]) -> Iterator[InspectLayer]:
    """Yield a message for each of the layers that has pictures in the printer's folder, whole or not.

    Raises:
        SourceDownError: the folder is away.
    """
    if not any(key.printer == printer.name for key in keys):
        return
    assembly = Assembly(
        expected_lights=printer.profile.expected_lights,
        set_timeout_seconds=0,
        revision_seconds=0,
        repeats_allowed=printer.profile.repeats == "allow",
    )
    source = Source(printer, lambda _oddity, _path: None)
    for found in sorted(source.scan(), key=lambda found: found.stamp.mtime_ns):
        name = source.key(found.path)
        if name is not None and name[0] in keys:
            _enter(assembly, printer, found, *name)
    now = datetime.now(UTC)
    for emission in assembly.take_ready(inf):
        yield InspectLayer.about(
            emission.layer_set,
            profile=printer.profile,
            revision=1,
            settled=now,
            queued=now,
            problems=emission.problems,
        )


def _enter(assembly: Assembly, printer: Printer, found: Found, key: LayerKey, light: str) -> None:
    try:
        examined = examine(printer.root / found.path)
    except OSError as error:
        examined = unreadable(found.stamp, error)
    if examined is not None:
        assembly.add(key, light, frame_of(printer, found.path, examined), settled=0.0, live=True)
