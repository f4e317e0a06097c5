"""Pictures by value: what ingest puts into Redis before the job, and what it does where it cannot."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ingest import feed as feed_module
from ingest.assembly import Assembly, Emission, Frame
from ingest.audit import Audit
from ingest.feed import Feed, Sink
from ingest.metrics import Outcome
from ingest.sending import ByValue
from ingest.settings import Printer
from layerwatch.artifacts import ArtifactFolder
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerKey, Stage
from layerwatch.memory import InMemoryPictures, InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.profile import load_profile
from layerwatch.verdict import Verdict

SIZE = 1000
LARGEST = 5 * SIZE


@dataclass
class Hall:
    """A printer's folder, and a feed that sends its pictures by value."""

    root: Path
    queue: InMemoryQueue
    results: InMemoryResults
    pictures: InMemoryPictures
    feed: Feed
    assembly: Assembly
    audit: Audit

    def print_layer(self, layer: int, *, live: bool = True, size: int = SIZE) -> Path:
        """Write the picture of a layer, offer it, and return where it lies."""
        path = self.root / f"{layer}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([layer]) * size)
        self.feed.offer(self.emit(path, layer, live=live))
        return path

    def emit(self, path: Path, layer: int, *, live: bool) -> list[Emission]:
        key = LayerKey(printer="m290", build="job42", layer=layer, stage=Stage.MELT)
        digest = hashlib.sha256(path.read_bytes()).digest()
        self.assembly.add(key, "", Frame(f"hall-2/{path.name}", digest, 10**18), settled=0.0, live=live)
        return self.assembly.take_ready(1000.0)

    @property
    def layers(self) -> list[int]:
        return [message.layer for message in self.queue.messages]

    def content(self, message: InspectLayer) -> bytes | None:
        return self.pictures.get(message.captures[0].sha256)

    def finish(self, message: InspectLayer, verdict: Verdict) -> None:
        """Do what a worker does at the end."""
        self.queue.messages.remove(message)
        self.results.publish(verdict)
        self.pictures.discard(message.id)


def build(root: Path, *, limit: int) -> Hall:
    printer = Printer(
        name="m290",
        root=root / "hall-2",
        folder="hall-2",
        default_build="job42",
        max_depth=1,
        profile=load_profile("single-light"),
    )
    printer.root.mkdir(exist_ok=True)
    queue, results, pictures = InMemoryQueue(), InMemoryResults(), InMemoryPictures(limit_bytes=limit)
    sink = Sink(queue=queue, ledger=results, sources=InMemorySources(), artifacts=ArtifactFolder(root / "artifacts"))
    sender = ByValue(store=pictures, locate=printer.locate, largest_bytes=LARGEST)
    feed = Feed(sink, printer.profile, sender=sender)
    assembly = Assembly(expected_lights=("",), set_timeout_seconds=30.0, revision_seconds=1.0)
    return Hall(printer.root, queue, results, pictures, feed, assembly, Audit(feed, assembly, sink))


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return build(tmp_path, limit=100 * SIZE)


def test_the_pictures_lie_there_when_the_job_does_and_the_message_stays_small(hall: Hall) -> None:
    path = hall.print_layer(1)
    hall.feed.flush(0.0)

    (message,) = hall.queue.messages
    assert hall.content(message) == path.read_bytes()
    assert [(capture.sent, capture.path) for capture in message.captures] == [("bytes", "hall-2/1.png")]
    assert InspectLayer.from_wire(message.to_wire()) == message
    assert len(message.model_dump_json()) < 1000


def test_what_finds_no_room_waits_and_goes_when_there_is_some(
    tmp_path: Path, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    hall = build(tmp_path, limit=2 * SIZE)
    for layer in range(1, 6):
        hall.print_layer(layer)
    hall.feed.flush(0.0)
    assert (hall.layers, len(hall.feed), hall.feed.is_full) == ([1, 2], 3, True)
    hall.feed.flush(0.5)
    assert hall.layers == [1, 2]  # not yet tried again

    now, done = 1.0, []
    while hall.queue.messages:
        message = hall.queue.messages[0]
        assert hall.content(message) is not None
        assert hall.pictures.held_bytes() <= 2 * SIZE
        hall.finish(message, verdict_about(message))
        done.append(message.layer)
        hall.feed.flush(now := now + 1.0)

    assert done == [1, 2, 3, 4, 5]
    assert (len(hall.feed), hall.feed.is_full, hall.pictures.held_bytes()) == (0, False, 0)


def test_a_live_layer_finds_room_that_the_backlog_may_not_take(tmp_path: Path) -> None:
    hall = build(tmp_path, limit=4 * SIZE)
    for layer in range(1, 6):
        hall.print_layer(layer, live=False)
    hall.feed.flush(0.0)
    assert hall.layers == [1, 2, 3]

    hall.print_layer(9)
    hall.feed.flush(0.0)

    assert hall.layers == [9, 1, 2, 3]


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (Path.unlink, "1.png is gone; it was there when the layer was queued"),
        (lambda path: path.write_bytes(b"rewritten"), "1.png changed while it waited"),
        (lambda path: path.write_bytes(bytes(LARGEST + 1)), "1.png has 0.0 MiB, and only 0.0 MiB go through Redis"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/hostname")), "is not inside"),
    ],
)
def test_a_picture_that_cannot_be_sent_is_said_to_be_so(
    hall: Hall, happens: Callable[[Path], object], reason: str
) -> None:
    path = hall.print_layer(1)
    (hall.root / "other.png").touch()
    happens(path)
    hall.feed.flush(0.0)

    (message,) = hall.queue.messages
    assert reason in message.captures[0].problem
    assert hall.content(message) is None
    assert hall.feed.outcomes == {Outcome.UNUSABLE: 1}


def test_a_picture_that_may_not_be_read_is_said_to_be_so(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.print_layer(1)

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("layerwatch.pictures.read_file", refuse)
    hall.feed.flush(0.0)

    assert hall.queue.messages[0].captures[0].problem == "the file cannot be read: Permission denied"


def test_a_set_waits_for_a_share_that_is_away(hall: Hall) -> None:
    path = hall.print_layer(1)
    content = path.read_bytes()
    path.unlink()
    hall.feed.flush(0.0)
    assert (hall.layers, len(hall.feed), hall.feed.is_down) == ([], 1, False)

    path.write_bytes(content)
    hall.feed.flush(1.5)

    assert hall.content(hall.queue.messages[0]) == content


def test_a_picture_that_cannot_be_read_now_holds_up_no_other(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.stat

    def stall(path: Path, **options: bool) -> os.stat_result:
        if path.name == "1.png":
            raise OSError(5, "Input/output error")
        return read(path, **options)

    hall.print_layer(1)
    hall.print_layer(2)
    monkeypatch.setattr(Path, "stat", stall)
    hall.feed.flush(0.0)

    assert (hall.layers, len(hall.feed), hall.feed.is_full) == ([2], 1, False)


def test_sending_makes_way_for_other_work_and_goes_on_at_once(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "SEND_SECONDS", -1.0)
    hall.print_layer(1)

    hall.feed.flush(7.0)

    assert (hall.layers, hall.feed.retry_at, hall.feed.is_full) == ([], 7.0, False)


def test_pictures_of_jobs_that_wait_are_looked_after(hall: Hall) -> None:
    path = hall.print_layer(1)
    hall.feed.flush(0.0)
    (message,) = hall.queue.messages
    hall.pictures.discard(message.id)  # they ended, or somebody deleted them

    hall.audit.run()

    assert hall.content(message) == path.read_bytes()
    assert hall.layers == [1]


def test_a_restart_looks_after_the_pictures_of_jobs_that_wait(hall: Hall, tmp_path: Path) -> None:
    path = hall.print_layer(1)
    hall.feed.flush(0.0)
    (message,) = hall.queue.messages
    anew = build(tmp_path, limit=100 * SIZE)
    anew.queue.messages.append(message)

    anew.feed.offer(anew.emit(path, 1, live=False))
    anew.feed.flush(0.0)

    assert anew.content(message) == path.read_bytes()
    assert anew.feed.outcomes == {Outcome.KNOWN: 1}


def test_nothing_is_left_of_what_was_published_while_it_was_looked_after(
    hall: Hall, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    hall.print_layer(1)
    hall.feed.flush(0.0)
    (message,) = hall.queue.messages
    hall.finish(message, verdict_about(message))
    hall.queue.messages.append(message)  # its job is about to go

    hall.feed.sender.keep(message.id, lambda: hall.assembly.again(message.layer_set.key), hall.results)

    assert hall.content(message) is None
    assert hall.pictures.held_bytes() == 0


def test_a_wiped_redis_gets_jobs_and_pictures_again(hall: Hall) -> None:
    path = hall.print_layer(1)
    hall.feed.flush(0.0)
    (message,) = hall.queue.messages
    hall.queue.messages.clear()
    hall.pictures.discard(message.id)

    hall.audit.run()
    hall.feed.flush(1.0)

    assert hall.layers == [1]
    assert hall.content(hall.queue.messages[0]) == path.read_bytes()


def test_a_printer_finds_its_own_folder_in_the_paths_of_messages(hall: Hall, tmp_path: Path) -> None:
    printer = Printer(
        name="m290",
        root=tmp_path / "hall-2",
        folder="hall-2",
        default_build="job42",
        max_depth=1,
        profile=load_profile("single-light"),
    )
    (hall.root / "1.png").touch()

    assert printer.locate("hall-2/1.png") == hall.root / "1.png"
    assert replace(printer, folder="").locate("1.png") == hall.root / "1.png"
