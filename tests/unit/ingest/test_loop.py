"""The whole loop on a real folder, with the in-memory twins and a clock that the test turns."""

import errno
import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
from prometheus_client import REGISTRY

from ingest import intake as intake_module
from ingest.examine import Examined
from ingest.feed import Sink
from ingest.intake import Clocks
from ingest.metrics import Outcome
from ingest.service import STUCK_SECONDS, SWEEP_SECONDS, Ingest
from ingest.settings import IngestSettings, printer_of
from ingest.watch import Hint
from layerwatch.artifacts import ArtifactFolder
from layerwatch.job import InspectLayer
from layerwatch.memory import InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.settings import load_settings
from layerwatch.verdict import Verdict


@dataclass
class Room:
    folder: Path
    picture: Callable[[int], bytes]
    profile: str = "nist-ammt"
    now: float = 1000.0
    wall: float = field(default_factory=lambda: time.time() + 30 * 86_400)  # later than the kernel's times of change
    cpu: float = 0.0  # a scan takes none, unless a test says so
    queue: InMemoryQueue = field(default_factory=InMemoryQueue)
    results: InMemoryResults = field(default_factory=InMemoryResults)
    sources: InMemorySources = field(default_factory=InMemorySources)
    profile_changes: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self.folder / "incoming"
        self.root.mkdir(exist_ok=True)
        self.restart()

    def restart(self) -> None:
        settings = load_settings(
            IngestSettings, sources_dir=self.root, profile=self.profile, grace_seconds=10, **self.profile_changes
        )
        sink = Sink(
            queue=self.queue,
            ledger=self.results,
            sources=self.sources,
            artifacts=ArtifactFolder(self.folder / "artifacts"),
        )
        clocks = Clocks(steady=lambda: self.now, wall=lambda: self.wall, cpu=lambda: self.cpu)
        self.ingest = Ingest(printer_of(settings), sink, clocks=clocks)

    def write(self, name: str, content: int | bytes, *, age: float = 0.0) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else self.picture(content))
        os.utime(path, (self.wall - age, self.wall - age))
        return path

    def write_set(self, layer: int, *, stage: str = "B", age: float = 0.0) -> None:
        for number, light in enumerate("abc"):
            self.write(f"{stage}{layer:04d}{light}.PNG", 100 * layer + number, age=age)

    def let(self, seconds: float, step: float = 0.125) -> None:
        """Let time go by, and the loop turn."""
        for _ in range(max(1, round(seconds / step))):
            self.now += step
            self.wall += step
            self.ingest.tick()

    @property
    def messages(self) -> list[InspectLayer]:
        return self.queue.messages

    @property
    def problems(self) -> dict[int, tuple[str, ...]]:
        return {message.layer: message.problems for message in self.messages}


@pytest.fixture
def room(tmp_path: Path, png: Callable[[int], bytes]) -> Room:
    return Room(tmp_path, png)


def test_what_lies_there_at_the_start_is_queued_at_once_in_the_order_of_writing(room: Room) -> None:
    for layer, age in ((3, 10.0), (1, 300.0), (2, 20.0)):
        room.write_set(layer, age=age)

    room.ingest.tick()

    assert [message.layer for message in room.messages] == [1, 2, 3]
    assert room.ingest.is_idle


def test_a_set_that_is_written_while_ingest_runs_is_queued_when_it_is_quiet(room: Room) -> None:
    room.let(1)
    room.write_set(1)

    room.let(2)

    assert [message.layer for message in room.messages] == [1]


def test_a_file_that_is_written_slowly_is_waited_for(room: Room) -> None:
    room.let(1)
    room.write_set(1)
    content = room.picture(999)
    for size in range(0, len(content), 150):
        room.write("B0001c.PNG", content[:size])
        room.let(0.4)
    assert room.messages == []

    room.write("B0001c.PNG", content)
    room.let(2)

    assert [message.problems for message in room.messages] == [()]


def test_a_hint_that_a_file_was_closed_shortens_the_wait(room: Room) -> None:
    room.let(1)
    room.write_set(1)
    for light in "abc":
        room.ingest.inbox.put(Hint(path=f"B0001{light}.PNG", closed=True))

    room.ingest.tick()
    room.let(0.125)

    assert len(room.messages) == 1


def test_a_file_that_never_becomes_whole_is_handed_on_after_the_grace_time(room: Room) -> None:
    room.let(1)
    room.write_set(1)
    room.write("B0001b.PNG", room.picture(5)[:100])

    room.let(9)
    assert room.messages == []
    room.let(3)

    assert [len(message.captures) for message in room.messages] == [3]


def test_a_light_that_never_comes_is_said_and_one_that_comes_late_makes_a_new_revision(room: Room) -> None:
    room.let(1)
    room.write_set(1)
    (room.root / "B0001b.PNG").unlink()

    room.let(29)
    assert room.messages == []
    room.let(3)
    assert [message.problems for message in room.messages] == [("missing light b",)]
    room.write("B0001b.PNG", 5)
    room.let(2)

    assert [(message.revision, message.problems) for message in room.messages] == [(1, ("missing light b",)), (2, ())]


def test_an_incomplete_set_from_before_the_start_has_been_waited_for(room: Room) -> None:
    room.write_set(1, age=3600.0)
    room.write("B0002a.PNG", 7, age=3500.0)

    room.ingest.tick()

    assert room.problems == {1: (), 2: ("missing light b", "missing light c")}


def test_a_rewritten_set_is_one_new_revision(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.let(1)
    for light in "abc":
        room.write(f"B0001{light}.PNG", 50 + ord(light))
        room.let(0.5)

    room.let(3)

    assert sorted(message.revision for message in room.messages) == [1, 2]


def test_a_touched_file_is_nothing_new(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.let(1)
    os.utime(room.root / "B0001a.PNG", (room.wall, room.wall))

    room.let(5)

    assert len(room.messages) == 1
    assert room.ingest.is_idle


def test_a_frozen_camera_is_noticed(room: Room) -> None:
    room.write_set(11, age=100.0)
    room.write_set(12, age=50.0)
    room.write("B0012b.PNG", (room.root / "B0011b.PNG").read_bytes(), age=50.0)

    room.ingest.tick()

    assert room.problems == {11: (), 12: ("duplicate frame: light b has the same content as layer 11",)}


def test_a_frozen_camera_is_noticed_some_layers_later_and_after_a_restart(room: Room) -> None:
    room.write_set(11, age=100.0)
    room.write_set(12, age=90.0)
    room.ingest.tick()

    room.restart()
    room.let(1)
    room.write_set(13)
    room.write("B0013b.PNG", (room.root / "B0011b.PNG").read_bytes())
    room.let(3)

    assert room.problems[13] == ("duplicate frame: light b has the same content as layer 11",)


def test_pictures_of_one_set_that_differ_in_size_or_depth_are_named(room: Room) -> None:
    room.write_set(1, age=100.0)
    room.write("B0001b.PNG", cv2.imencode(".png", np.zeros((24, 30), np.uint8))[1].tobytes(), age=100.0)

    room.ingest.tick()

    sizes = "the lights differ in size: a 32 x 24, b 30 x 24, c 32 x 24"
    assert room.problems == {1: (sizes, "the lights differ in bits of grey: a 16, b 8, c 16")}
    assert room.ingest.feed.outcomes == {Outcome.UNEQUAL: 1}


def test_a_depth_that_the_profile_cuts_is_no_difference(tmp_path: Path, png: Callable[[int], bytes]) -> None:
    text = (resources.files("layerwatch") / "profiles" / "nist-ammt.toml").read_text(encoding="utf-8")
    (tmp_path / "eight.toml").write_text(f"bits = 8\n{text}")
    room = Room(tmp_path, png, profile=str(tmp_path / "eight.toml"))
    room.write_set(1, age=100.0)
    room.write("B0001b.PNG", cv2.imencode(".png", np.zeros((24, 32), np.uint8))[1].tobytes(), age=100.0)

    room.ingest.tick()

    assert room.problems == {1: ()}


def test_a_layer_that_was_passed_over_is_told_and_no_longer_when_it_came(room: Room) -> None:
    room.let(1)
    for layer in (1, 2, 4):
        room.write_set(layer)
        room.let(10)
    assert room.ingest.state().irregular == {}

    room.let(40)
    assert room.ingest.state().irregular == {"missing": 1}
    room.write_set(3)
    room.let(10)

    assert room.ingest.state().irregular == {"out_of_order": 1}
    assert [message.layer for message in room.messages] == [1, 2, 4, 3]


@pytest.fixture
def scans(room: Room, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], list[float]]:
    """Let each scan from now on take so many seconds of the CPU, and return when each began."""
    scan = room.ingest.intake.scan

    def take(seconds: float) -> list[float]:
        times: list[float] = []

        def dear_scan() -> bool:
            times.append(room.now)
            room.cpu += seconds
            return scan()

        monkeypatch.setattr(room.ingest.intake, "scan", dear_scan)
        return times

    return take


def test_scans_that_take_long_take_long_pauses(room: Room, scans: Callable[[float], list[float]]) -> None:
    room.let(1)
    times = scans(0.3)

    room.let(120)

    pauses = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert pauses[0] < 1
    assert pauses[1:] == [pytest.approx(30, abs=0.2)] * 3


def test_one_scan_that_took_long_keeps_no_layer_waiting(room: Room, scans: Callable[[float], list[float]]) -> None:
    room.let(1)
    dear = scans(0.5)
    while not dear:
        room.let(0.125)
    scans(0.0)
    room.write_set(1)

    room.let(5)

    assert [message.layer for message in room.messages] == [1]


def test_a_rewritten_layer_is_told(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.let(1)
    room.write("B0001a.PNG", 77)

    room.let(15)

    assert room.ingest.state().irregular == {"repeated": 1}


def test_gaps_in_what_lay_there_are_told_although_no_layer_comes(room: Room) -> None:
    for layer, age in ((3, 300.0), (5, 200.0)):
        room.write_set(layer, age=age)

    room.let(45)

    assert room.ingest.state().irregular == {"missing": 1}


def test_a_printer_that_falls_silent_is_told_until_it_is_heard_again(room: Room) -> None:
    room.let(1)
    for layer in range(1, 6):
        room.write_set(layer)
        room.let(20)
    room.let(60)
    assert room.ingest.state().silent_seconds is None

    room.let(60)
    assert room.ingest.state().silent_seconds == pytest.approx(140, abs=15)
    room.write_set(6)
    room.let(12)

    assert room.ingest.state().silent_seconds is None


def test_live_layers_go_ahead_of_the_backlog(room: Room) -> None:
    for layer in (1, 2):
        room.write_set(layer, age=100.0)
    room.let(1)
    room.write_set(9)

    room.let(2)

    assert [message.layer for message in room.messages] == [9, 1, 2]


def test_a_restart_queues_nothing_twice(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.write("B0002a.PNG", 7, age=60.0)
    room.let(1)
    before = [message.id for message in room.messages]

    room.restart()
    room.let(1)

    assert [message.id for message in room.messages] == before


def test_an_unmounted_folder_is_down_and_its_return_brings_only_what_is_new(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.write_set(2)
    (room.root / "B0002c.PNG").unlink()
    room.let(1)
    away = room.root.with_name("away")
    room.root.rename(away)

    room.let(60)
    was_up = room.ingest.intake.folder.is_up
    assert [message.layer for message in room.messages] == [1]
    away.rename(room.root)
    room.write("B0002c.PNG", 8)
    room.write_set(3)
    room.let(5)

    assert (was_up, room.ingest.intake.folder.is_up) == (False, True)
    assert room.problems == {1: (), 2: (), 3: ()}


def test_the_state_of_the_folder_is_told(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.let(1)
    room.write("B0002a.PNG", 7)
    room.write("notes.txt", b"none")
    room.let(12)

    (state,) = room.sources.states()
    assert (state.printer, state.folder, state.profile) == ("printer", str(room.root), "nist-ammt")
    assert (state.is_up, state.has_events, state.settled, state.files_waiting) == (True, False, 4, 0)
    assert (state.sets_waiting, state.outstanding, state.ignored) == ({"light": 1, "queue": 0}, 1, {"unmatched": 1})
    assert state.last_picture is not None
    assert state.last_picture.timestamp() == pytest.approx((room.root / "B0002a.PNG").stat().st_mtime)
    assert state.oldest_waiting_seconds is None
    room.write("B0003a.PNG", room.picture(5)[:100])
    room.ingest.inbox.put(Hint(path="B0003a.PNG"))
    room.let(4)
    waiting = room.ingest.state()
    assert waiting.files_waiting == 1
    assert waiting.oldest_waiting_seconds == pytest.approx(4, abs=0.2)
    room.root.rename(room.root.with_name("away"))
    room.let(12)
    assert not room.sources.states()[0].is_up


def test_a_loop_that_hangs_in_its_folder_counts_as_a_folder_that_is_away(room: Room) -> None:
    def shown() -> float | None:
        return REGISTRY.get_sample_value("layerwatch_ingest_source_up", {"printer": "printer"})

    room.write_set(1, age=60.0)
    room.let(1)
    assert shown() == 1

    room.now += STUCK_SECONDS  # no turn of the loop in all that time

    assert shown() == 0


def test_an_empty_mount_point_is_down(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.let(1)
    room.root.rename(room.root.with_name("away"))
    room.root.mkdir()

    room.let(3)

    assert not room.ingest.intake.folder.is_up


def test_a_cleaned_folder_is_up_and_forgotten_in_time(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.let(1)
    for light in "abc":
        (room.root / f"B0001{light}.PNG").unlink()

    room.let(2 * SWEEP_SECONDS + 100, step=60)

    assert room.ingest.intake.folder.is_up
    assert room.ingest.intake.assembly.emitted() == []


def test_a_share_that_stalls_is_tried_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.write_set(1, age=60.0)

    def stall(path: Path) -> Examined | None:
        raise OSError(errno.ESTALE, "stale file handle", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(intake_module, "examine", stall)
        room.let(5)
        assert room.messages == []
    room.let(5)

    assert len(room.messages) == 1


def test_a_file_that_may_not_be_read_gets_its_verdict_too(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.write_set(1)

    def forbid(path: Path) -> Examined | None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(intake_module, "examine", forbid)
    room.let(15)

    (problems,) = room.problems.values()
    assert problems[0] == "light a: the file cannot be read: Permission denied"
    assert len(problems) == 3


def test_a_file_that_changes_while_it_is_read_is_read_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.write_set(1, age=60.0)

    with monkeypatch.context() as patch:
        patch.setattr(intake_module, "examine", lambda _: None)
        room.let(0.5)
        assert room.messages == []
    room.let(2)

    assert len(room.messages) == 1


def test_a_file_that_vanishes_before_it_is_settled_is_forgotten(room: Room) -> None:
    room.let(1)
    room.write("B0001a.PNG", 1)
    room.ingest.inbox.put(Hint(path="B0001a.PNG"))
    room.ingest.tick()
    (room.root / "B0001a.PNG").unlink()

    room.let(60)

    assert room.messages == []
    assert room.ingest.is_idle


def test_the_printers_folder_is_left_as_it_was(room: Room) -> None:
    room.write_set(1, age=60.0)
    room.write("notes.txt", b"not a picture")
    before = sorted((path.name, path.read_bytes(), path.stat().st_mtime_ns) for path in room.root.iterdir())

    room.let(60)

    assert sorted((path.name, path.read_bytes(), path.stat().st_mtime_ns) for path in room.root.iterdir()) == before


def test_pictures_of_one_light_are_sets_alone(tmp_path: Path, png: Callable[[int], bytes]) -> None:
    room = Room(tmp_path, png, profile="single-light")
    for number in (3, 20):
        room.write(f"Image{number}.png", number, age=60.0)

    room.ingest.tick()

    assert sorted((message.build, message.layer) for message in room.messages) == [("Image", 3), ("Image", 20)]


def test_a_backlog_that_waits_for_room_holds_up_no_live_layer(
    room: Room, monkeypatch: pytest.MonkeyPatch, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    monkeypatch.setattr("ingest.service.MAX_OFFERS", 2)
    room.ingest = Ingest(
        room.ingest._printer,
        Sink(
            queue=room.queue,
            ledger=room.results,
            sources=room.sources,
            artifacts=ArtifactFolder(room.folder / "artifacts"),
        ),
        queue_limit=1,
        clocks=Clocks(steady=lambda: room.now, wall=lambda: room.wall, cpu=lambda: 0.0),
    )
    for layer in range(1, 8):
        room.write_set(layer, age=100.0)
    room.write("B0008a.PNG", 8, age=100.0)
    room.let(2)
    assert [message.layer for message in room.messages] == [1]
    room.write_set(20)
    room.write("B0021a.PNG", 21)

    room.let(40)

    assert [message.layer for message in room.messages] == [21, 20, 1]
    assert room.problems[21] == ("missing light b", "missing light c")
    assert room.ingest.tick() > 0.05  # it sleeps
    done = []
    while room.queue.messages:
        message = room.queue.messages.pop(0)
        room.results.publish(verdict_about(message))
        done.append(message.layer)
        room.let(2)
        assert room.queue.depth() <= 3
    assert done == [21, 20, 1, 2, 3, 4, 5, 6, 7, 8]
    assert room.ingest.is_idle


def test_files_that_wait_for_redis_stay_in_the_folder_not_in_memory(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.service.MAX_OFFERS", 0)
    room.write_set(1, age=60.0)
    room.let(1)
    assert len(room.ingest.intake.settling) == 3
    assert room.ingest.tick() > 0.1

    monkeypatch.setattr("ingest.service.MAX_OFFERS", 10)
    room.let(1)

    assert len(room.messages) == 1


def test_where_files_come_without_events_the_folder_is_polled(room: Room) -> None:
    room.ingest._listening = True
    room.ingest._listen()
    room.let(1)
    assert room.ingest.state().has_events
    room.ingest._watch.stop()  # as deaf as on a share, but alive as far as ingest can see
    room.ingest._watch.is_alive = lambda: True  # type: ignore[method-assign]

    room.write_set(1)
    room.let(25)
    assert [message.layer for message in room.messages] == [1]
    assert not room.ingest.state().has_events
    room.write_set(2)
    room.let(2)

    assert [message.layer for message in room.messages] == [1, 2]


def test_a_mount_on_which_the_probe_is_not_heard_is_polled(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.profile_changes = {"probe": True}
    room.restart()
    monkeypatch.setattr(room.ingest._watch, "probe", lambda: False)
    room.ingest._listening = True

    room.ingest._listen()

    assert not room.ingest.state().has_events
    assert not room.ingest._watch.is_alive()


def test_a_light_that_came_while_nobody_looked_is_waited_for(room: Room) -> None:
    room.let(1)
    room.write_set(1)
    (room.root / "B0001c.PNG").unlink()
    room.let(5)

    room.root.rename(room.root.with_name("away"))
    room.let(40)
    room.root.with_name("away").rename(room.root)
    room.write("B0001c.PNG", 102)
    room.let(5)

    assert [(message.revision, message.problems) for message in room.messages] == [(1, ())]


def test_a_light_that_was_being_written_when_everything_stood_still_is_waited_for(room: Room) -> None:
    room.let(1)
    room.write_set(1)
    room.write("B0001c.PNG", room.picture(102)[:200])
    room.ingest.inbox.put(Hint(path="B0001c.PNG"))
    room.ingest.tick()

    room.write("B0001c.PNG", 102)
    room.now += 60  # Redis did not answer for so long
    room.wall += 60
    room.ingest.inbox.put(Hint(path="B0001c.PNG", closed=True))
    room.let(3)

    assert [(message.revision, message.problems) for message in room.messages] == [(1, ())]


def test_the_folder_is_looked_at_once_more_before_a_light_is_given_up(room: Room) -> None:
    room.let(1)
    room.write_set(1)
    (room.root / "B0001c.PNG").unlink()
    room.let(2)

    room.write("B0001c.PNG", 102)  # no scan is due when the time is over, and the process stood still meanwhile
    room.ingest._next.scan = room.now + 100
    room.now += 40
    room.wall += 40
    room.let(3)

    assert [(message.revision, message.problems) for message in room.messages] == [(1, ())]


def test_a_light_that_is_written_for_ever_is_given_up_all_the_same(room: Room) -> None:
    room.let(1)
    room.write_set(1)
    for size in range(500):
        room.write("B0001c.PNG", room.picture(9)[: 100 + size])
        room.let(0.125)

    assert [message.problems for message in room.messages] == [("missing light c",)]


def test_a_live_light_draws_the_others_of_its_layer_out_of_a_backlog_that_waits(room: Room) -> None:
    for layer in (1, 2):
        room.write_set(layer, age=100.0)
    room.write("B0002b.PNG", (room.root / "B0001b.PNG").read_bytes(), age=100.0)
    (room.root / "B0002c.PNG").unlink()
    room.ingest.intake.scan()
    assert not room.messages

    room.write("B0002c.PNG", 202)
    room.ingest.intake.look("B0002c.PNG", closed=True)
    room.now += 1
    room.ingest.intake.examine_due(room.now + 1, backlog=False)
    room.now += 40
    room.ingest.intake.examine_due(room.now + 1, backlog=False)
    ready = room.ingest.intake.take_ready()

    assert [(emission.layer_set.key.layer, emission.problems) for emission in ready] == [
        (1, ()),
        (2, ("duplicate frame: light b has the same content as layer 1",)),
    ]


def test_a_copy_that_keeps_old_times_is_as_young_as_it_is(room: Room) -> None:
    room.write("B0001a.PNG", 1, age=86_400.0)
    room.write("B0001b.PNG", 2, age=86_400.0)
    changed = room.root.joinpath("B0001a.PNG").stat().st_ctime
    room.wall = changed + 5.0
    room.restart()

    room.let(10)
    assert room.messages == []
    room.write("B0001c.PNG", 3)
    room.let(3)

    assert [message.problems for message in room.messages] == [()]
