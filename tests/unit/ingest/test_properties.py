"""Whatever happens to folder, clocks, process and Redis, in whatever order: each layer is queued, once, and never half.

The whole loop runs as in test_loop.py, on a real folder, with in-memory twins that fail and clocks that are turned. The
two pure parts of it follow, each beside an obvious model.
"""

import copy
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from itertools import count
from math import inf
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from redis.exceptions import ConnectionError as RedisConnectionError

from ingest.assembly import Assembly, Emission, Frame
from ingest.examine import stamp_of
from ingest.feed import Sink
from ingest.intake import Clocks
from ingest.ledger import DiskLedger
from ingest.metrics import Outcome
from ingest.service import Ingest
from ingest.settings import IngestSettings, printer_of
from ingest.settling import CLOSED_SHARE, Settling, Stamp
from ingest.watch import Hint
from layerwatch.artifacts import ArtifactFolder
from layerwatch.job import InspectLayer
from layerwatch.layers import Capture, LayerKey, LayerSet, Stage
from layerwatch.memory import InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.ports import JobState
from layerwatch.settings import load_settings
from layerwatch.source_state import SourceState
from layerwatch.verdict import Verdict

SETTLE, GRACE, SET_TIMEOUT, REVISION, SWEEP = 0.5, 3.0, 5.0, 1.0, 20.0
START = time.time() + 30 * 86_400  # later than any time of change that the system sets itself
LONG_ENOUGH = 50.0  # for the grace time, a missing light, rescans, and a Redis that was away
EPSILON = 1e-6
MOMENT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
NAMES = {
    "nist-ammt": tuple(f"B{layer:04d}{light}.PNG" for layer in (1, 2) for light in "abc"),
    "single-light": ("Image1.png", "Image2.png", "Image4.png", "job/Image1.png"),
}
PICTURES = range(3)
Answer = TypeVar("Answer")
Lying = Mapping[str, str]  # light -> file


@cache
def picture(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 65535, (8, 12), dtype=np.uint16)
    return cv2.imencode(".png", pixels)[1].tobytes()


class KilledError(BaseException):
    """The process is gone in the middle of a step; nothing in it may catch this."""


@dataclass
class Line:
    """The line to Redis.

    Attributes:
        fuse: after so many calls it breaks, None for never.
        end: how: "refused", or "lost" after the call had its effect; or the process is "killed" or "killed after" it.
    """

    is_up: bool = True
    fuse: int | None = None
    end: str = ""

    def call(self, effect: Callable[[], Answer]) -> Answer:
        if not self.is_up:
            raise RedisConnectionError("connection refused")
        if self.fuse != 0:
            self.fuse = None if self.fuse is None else self.fuse - 1
            return effect()
        self.fuse = None
        if self.end in {"lost", "killed after"}:
            effect()
        if self.end.startswith("killed"):
            raise KilledError
        self.is_up = False
        raise RedisConnectionError(self.end)


@dataclass
class FrailQueue:
    twin: InMemoryQueue
    line: Line
    accepted: Callable[[InspectLayer], None]

    def enqueue(self, message: InspectLayer, *, ahead: bool = False) -> bool:
        def add() -> bool:
            added = self.twin.enqueue(message, ahead=ahead)
            if added:
                self.accepted(message)
            return added

        return self.line.call(add)

    def holds(self, inspection_id: str) -> bool:
        return self.line.call(partial(self.twin.holds, inspection_id))

    def state(self, inspection_id: str) -> JobState | None:
        return self.line.call(partial(self.twin.state, inspection_id))

    def depth(self) -> int:
        return self.line.call(self.twin.depth)

    def ends_in_backlog(self) -> bool:
        return self.line.call(self.twin.ends_in_backlog)


@dataclass
class FrailLedger:
    twin: InMemoryResults
    line: Line
    looked: Callable[[str], None]

    def revision(self, key: LayerKey, inspection_id: str) -> int:
        return self.line.call(partial(self.twin.revision, key, inspection_id))

    def is_published(self, inspection_id: str) -> bool:
        answer = self.line.call(partial(self.twin.is_published, inspection_id))
        self.looked(inspection_id)
        return answer

    def restore(self, verdict: Verdict) -> None:
        self.line.call(partial(self.twin.restore, verdict))


class FrailBoard(InMemorySources):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def report(self, state: SourceState) -> None:
        self._line.call(partial(super().report, state))


class Events:
    """Stands for the watch of the file system; which hints come is up to the test."""

    def start(self) -> bool:
        return True

    def is_alive(self) -> bool:
        return True

    def stop(self) -> None:
        pass


@dataclass
class Version:
    """One state of one file: it lay there unchanged from `since` until `until`, or lies there still."""

    sha256: str
    is_whole: bool
    since: float
    until: float | None = None
    aged: float = inf  # since when its time of change says that it lies there

    def is_ripe(self, now: float) -> bool:
        """Whether it lay there for so long that it may be queued: no half file before the grace time is over."""
        lay = (now if self.until is None else self.until) - self.since
        return lay >= (CLOSED_SHARE * SETTLE if self.is_whole else GRACE) - EPSILON


names = st.integers(0, max(map(len, NAMES.values())) - 1)
contents = st.sampled_from(PICTURES)
hints = st.sampled_from([None, False, True])  # none comes; the file was written to; it was closed


class PrintShop(RuleBasedStateMachine):
    """A folder that a printer writes into, ingest, Redis and a worker, and everything that can happen to them.

    Legal as a revision in between is any content that lay there long enough, also one set of old and new pictures.
    """

    def __init__(
        self, folder: Path, verdict_about: Callable[[InspectLayer], Verdict], patch: pytest.MonkeyPatch
    ) -> None:
        super().__init__()
        self.folder, self.verdict_about, self.patch = folder, verdict_about, patch
        self.root = self.place = folder / "incoming"
        self.root.mkdir(parents=True)
        self.artifacts = folder / "artifacts"
        self.now, self.wall, self.serial = 1000.0, START, 0
        self.line, self.queue, self.results = Line(), InMemoryQueue(), InMemoryResults()
        self.versions: dict[tuple[str, Stamp], Version] = {}
        self.lying: dict[str, Stamp] = {}
        self.accepted: dict[str, InspectLayer] = {}  # as far as Redis has not forgotten it
        self.ever: dict[str, InspectLayer] = {}
        self.ledger: DiskLedger | None = None
        self.vanished: set[str] = set()
        self.is_quick = self.is_sound = self.went_back = False

    @initialize(
        profile=st.sampled_from(sorted(NAMES)),
        listening=st.booleans(),
        limit=st.sampled_from([1, 10_000]),
        offers=st.sampled_from([1, 1000]),
    )
    def open(self, *, profile: str, listening: bool, limit: int, offers: int) -> None:
        self.patch.setattr("ingest.service.MAX_OFFERS", offers)
        self.names, self.listening, self.limit = NAMES[profile], listening, limit
        told = {"set_timeout_seconds": SET_TIMEOUT, "grace_seconds": GRACE, "settle_seconds": SETTLE}
        self.printer = printer_of(load_settings(IngestSettings, sources_dir=self.root, profile=profile, **told))
        self.start()
        self.keep()

    def start(self) -> None:
        """Start ingest; if it ran, it was killed."""
        self.drop_ledger()
        self.ledger = DiskLedger(self.folder / "ledger.sqlite")
        sink = Sink(
            queue=FrailQueue(self.queue, self.line, self.check_accepted),
            ledger=FrailLedger(self.results, self.line, self.work_quickly),
            sources=FrailBoard(self.line),
            artifacts=ArtifactFolder(self.artifacts),
        )
        clocks = Clocks(steady=lambda: self.now, wall=lambda: self.wall, cpu=lambda: 0.0)
        self.ingest = Ingest(self.printer, sink, queue_limit=self.limit, clocks=clocks, ledger=self.ledger)
        if self.listening:
            self.ingest._watch = Events()  # type: ignore[assignment]  # it starts no thread
            self.ingest._listening = self.ingest._has_events = True
        self.is_sound = True

    def teardown(self) -> None:
        if self.is_sound:
            self.settle()
        self.drop_ledger()
        shutil.rmtree(self.folder)

    def drop_ledger(self) -> None:
        """Let go of it as a process that is killed does: what was not saved is gone."""
        if self.ledger is not None and self.ledger._database is not None:
            self.ledger._database.close()
            self.ledger._database = None

    # What the printer, and people, do to the folder

    @rule(first=st.booleans(), content=contents, hint=hints)
    def write_layer(self, *, first: bool, content: int, hint: bool | None) -> None:
        half = len(self.names) // 2
        for number in range(half) if first else range(half, len(self.names)):
            self.write(name=number, content=(content + number) % len(PICTURES), share=1.0, hint=hint)

    @rule(name=names, content=contents, share=st.sampled_from([1.0, 1.0, 0.0, 0.1, 0.9]), hint=hints)
    def write(self, *, name: int, content: int, share: float, hint: bool | None) -> None:
        path, whole = self.path(name), picture(content)
        path.write_bytes(whole[: round(share * len(whole))])
        self.stamp(path)
        self.note(path, hint=hint)

    @rule(name=names, hint=hints)
    def write_on(self, *, name: int, hint: bool | None) -> None:
        path = self.path(name)
        written = path.read_bytes() if path.exists() else b"nothing to go on with"
        for content in map(picture, PICTURES):
            if content.startswith(written) and content != written:
                path.write_bytes(content[: len(written) + 60])
                self.stamp(path)
                self.note(path, hint=hint)
                return

    @rule(name=names, content=contents, age=st.sampled_from([0.0, 3600.0]), hint=hints)
    def write_and_rename(self, *, name: int, content: int, age: float, hint: bool | None) -> None:
        path = self.path(name)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(picture(content))
        self.stamp(part, age=age)
        part.rename(path)
        self.note(path, hint=hint)

    @rule(name=names, other=names, hint=hints)
    def rename(self, *, name: int, other: int, hint: bool | None) -> None:
        path, target = self.path(name), self.path(other)
        if path.exists() and path != target:
            path.rename(target)
            self.note(path)
            self.note(target, hint=hint)

    @rule(name=names, how=st.sampled_from(["delete", "touch", "move", "move"]), hint=hints)
    def meddle(self, *, name: int, how: str, hint: bool | None) -> None:
        """Delete or touch a file, or move it out of the folder, or back."""
        path = self.path(name)
        drawer = self.folder / f"{path.parent.name}-{path.name}"
        if not path.exists():
            if drawer.exists() and how == "move":
                drawer.rename(path)
        elif how == "delete":
            path.unlink()
        elif how == "touch":
            self.stamp(path)
        else:
            path.rename(drawer)
        self.note(path, hint=hint)

    @precondition(lambda self: self.place == self.root)
    @rule()
    def unmount(self) -> None:
        self.place = self.folder / "away"
        self.root.rename(self.place)

    def mount(self, *, anew: bool) -> None:
        if anew:  # the same files, on another mount
            shutil.copytree(self.place, self.folder / "fresh")
            shutil.rmtree(self.place)
            (self.folder / "fresh").rename(self.place)
        self.place.rename(self.root)
        self.place = self.root

    # Time, and the process

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.2, 0.6, 1.2, 3.5]))
    def wait(self, *, seconds: float) -> None:
        """Let the loop turn, and sleep for as long as it asks."""
        end, ticks = self.now + seconds, 0
        while self.now + (pause := self.tick()) < end:
            ticks += 1
            assert ticks < 60 + 10 * seconds, "it does not sleep"
            self.pass_time(max(pause, 0.001))
        self.pass_time(end - self.now)

    @rule(seconds=st.sampled_from([2.0, 12.0, 45.0]), anew=st.booleans())
    def wait_until_all_is_well_again(self, *, seconds: float, anew: bool = False) -> None:
        """After some time, folder and Redis are back."""
        self.wait(seconds=seconds)
        if self.place != self.root:
            self.mount(anew=anew)
        self.line.is_up, self.line.fuse = True, None

    @rule(seconds=st.sampled_from([-86_400.0, -5.0, 5.0, 86_400.0]))
    def set_the_clock(self, *, seconds: float) -> None:
        self.wall += seconds

    @rule(ledger=st.sampled_from(["kept", "kept", "deleted", "damaged"]))
    def restart(self, *, ledger: str) -> None:
        self.drop_ledger()
        if ledger == "deleted":
            for file in self.folder.glob("ledger.sqlite*"):
                file.unlink()
        elif ledger == "damaged":
            (self.folder / "ledger.sqlite").write_bytes(b"no database" * 100)
        self.start()

    def tick(self) -> float:
        if not self.ingest.intake.was_scanned and self.place == self.root:
            self.count_ages()
        self.is_sound = False
        try:
            pause = self.ingest.tick()
        except KilledError:
            self.start()
            return 0.0
        self.is_sound = True
        return pause

    def count_ages(self) -> None:
        """At the first scan after a start, the time of change alone tells how long a file has been quiet."""
        for path, stamp in self.lying.items():
            version = self.versions[path, stamp]
            version.aged = min(version.aged, self.now - max(0.0, self.wall - stamp.mtime_ns / 1e9))
            if version.is_whole:
                version.since = min(version.since, version.aged)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds

    # Redis, and the worker

    @rule(calls=st.integers(0, 12), end=st.sampled_from(["refused", "lost", "killed", "killed after"]))
    def cut_the_line(self, *, calls: int, end: str) -> None:
        self.line.fuse, self.line.end = calls, end

    @rule()
    def keep(self) -> None:
        """Keep the state of Redis as it is now."""
        self.kept = copy.deepcopy((self.queue.messages, vars(self.results), self.accepted))

    @rule(older=st.booleans())
    def wipe_redis(self, *, older: bool) -> None:
        """Let Redis forget everything, or go back to the state that was kept."""
        self.went_back |= older
        nothing: tuple[list[InspectLayer], dict[str, object], dict[str, InspectLayer]]
        nothing = ([], vars(InMemoryResults()), {})
        messages, results, self.accepted = copy.deepcopy(self.kept if older else nothing)
        self.queue.messages[:] = messages
        vars(self.results).update(results)

    @rule(jobs=st.integers(1, 3), dies=st.booleans())
    def work(self, *, jobs: int, dies: bool) -> None:
        for message in self.queue.messages[:jobs]:
            self.answer(message, dies=dies)

    def answer(self, message: InspectLayer, *, dies: bool = False) -> None:
        """Do a job as a worker would; it may die before it publishes the verdict."""
        written = self.written(message.layer_set.key)
        verdict = written if written is not None and written.id == message.id else self.verdict_about(message)
        if not self.is_outdated(message):
            file = self.artifacts / verdict.key.folder / "verdict.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(verdict.to_json(), encoding="utf-8")
        if not dies:
            self.results.publish(verdict)
            self.queue.messages.remove(message)

    @rule()
    def work_while_ingest_looks(self) -> None:
        """The next job that ingest asks for is finished between this question and the next one."""
        self.is_quick = True

    def work_quickly(self, inspection_id: str) -> None:
        first = self.queue.messages[0] if self.queue.messages else None
        if self.is_quick and first is not None and first.id == inspection_id:
            self.is_quick = False
            self.answer(first)

    def is_outdated(self, message: InspectLayer) -> bool:
        written = self.written(message.layer_set.key)
        return written is not None and written.revision > message.revision

    def written(self, key: LayerKey) -> Verdict | None:
        file = self.artifacts / key.folder / "verdict.json"
        return Verdict.from_json(file.read_bytes()) if file.exists() else None

    # What has to hold

    @rule(working=st.booleans())
    def settle(self, *, working: bool = False) -> None:
        """Let everything come to rest; then each layer that lies there is queued, or has its verdict."""
        self.wait_until_all_is_well_again(seconds=2.0)
        end = self.now + LONG_ENOUGH
        while self.now < end:
            self.wait(seconds=1.0)
            if self.queue.messages and (working or self.limit == 1):
                self.answer(self.queue.messages[0])
        assert self.ingest.is_idle
        assert not self.ingest.feed.outcomes[Outcome.REFUSED]
        layers: dict[LayerKey, dict[str, str]] = {}
        for path in self.lying:
            key, light = self.named(path)
            layers.setdefault(key, {})[light] = path
        for key, lying in layers.items():
            if len(lying) == len(self.printer.profile.expected_lights):
                assert self.is_answered(self.set_of(key, lying)), f"{key} was not queued"
                if not any(map(self.is_old, lying.values())):
                    self.check_newest(self.set_of(key, lying))
            else:
                assert self.is_shown(key, lying), f"{key} with lights {sorted(lying)} was not queued"

    def check_newest(self, layer: LayerSet) -> None:
        final = self.accepted.get(layer.inspection_id)
        revisions = [each.revision for each in self.accepted.values() if each.layer_set.key == layer.key]
        assert final is None or final.revision == max(revisions), (
            f"{layer.key}: an older content is the newest revision"
        )

    def is_old(self, path: str) -> bool:
        """Return whether what lies there may have lain there before, so that it has an older revision."""
        contents = [version.sha256 for (name, _), version in self.versions.items() if name == path]
        first = contents.index(contents[-1])
        return path in self.vanished or set(contents[first:]) != {contents[-1]}

    def set_of(self, key: LayerKey, lying: Lying) -> LayerSet:
        captures = tuple(
            Capture(light=light, path=path, sha256=self.versions[path, self.lying[path]].sha256, modified=MOMENT)
            for light, path in sorted(lying.items())
        )
        return LayerSet(key=key, captures=captures, expected_lights=self.printer.profile.expected_lights)

    def is_answered(self, layer: LayerSet) -> bool:
        name, written = layer.inspection_id, self.written(layer.key)
        if self.queue.holds(name) or self.results.is_published(name):
            return True
        return self.went_back and written is not None and written.id == name  # not every loss of a part is noticed

    def is_shown(self, key: LayerKey, lying: Lying) -> bool:
        """Return whether a set with all that lies there was queued; it may hold a picture that is gone meanwhile."""
        wanted = {(light, self.versions[path, self.lying[path]].sha256) for light, path in lying.items()}
        return any(
            message.layer_set.key == key
            and wanted <= {(capture.light, capture.sha256) for capture in message.captures}
            and self.is_answered(message.layer_set)
            for message in self.ever.values()
        )

    def check_accepted(self, message: InspectLayer) -> None:
        """Check what has just been queued."""
        assert message.id not in self.accepted, "it was queued before"
        assert not self.results.is_published(message.id), "it has its verdict"
        written = self.written(message.layer_set.key)
        assert written is None or written.id != message.id, "it has its verdict on disk"
        assert written is None or message.revision > written.revision, "its artifacts would not be written"
        self.accepted[message.id] = self.ever[message.id] = message
        for capture in message.captures:
            known = [version for (path, _), version in self.versions.items() if path == capture.path]
            same = [version for version in known if version.sha256 == capture.sha256]
            assert same, f"{capture.path} never held that"
            assert any(version.is_ripe(self.now) for version in same), f"{capture.path} was queued too early"
            if message.layer_set.missing_lights:
                waited = self.now - min(min(version.since, version.aged) for version in same)
                assert waited >= SETTLE + SET_TIMEOUT - EPSILON, f"{message.layer_set.key} was given up too early"

    # Tools

    def named(self, path: str) -> tuple[LayerKey, str]:
        named = self.ingest.intake.folder.source.key(path)
        assert named is not None
        return named

    def path(self, name: int) -> Path:
        path = self.place / self.names[name % len(self.names)]
        path.parent.mkdir(exist_ok=True)
        return path

    def stamp(self, path: Path, *, age: float = 0.0) -> None:
        """Set a time of change that no file had before."""
        self.serial += 1
        moment = int((self.wall - age) * 1e9) + self.serial
        os.utime(path, ns=(moment, moment))

    def note(self, path: Path, *, hint: bool | None = None) -> None:
        """Note how a file looks now, and let a hint of it come."""
        name = path.relative_to(self.place).as_posix()
        before = self.lying.pop(name, None)
        if before is not None:
            self.versions[name, before].until = self.now
            if not path.exists():
                self.vanished.add(name)
        if path.exists():
            content, stamp = path.read_bytes(), stamp_of(path.stat())
            is_whole = content in map(picture, PICTURES)
            version = Version(hashlib.sha256(content).hexdigest(), is_whole, self.now)
            self.versions.setdefault((name, stamp), version).until = None
            self.lying[name] = stamp
        if hint is not None and self.place == self.root:
            self.ingest.inbox.put(Hint(path=name, closed=hint))


@pytest.fixture
def _silent_logs() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.mark.usefixtures("_silent_logs")
def test_whatever_happens_each_layer_is_queued_once_and_nothing_half(
    tmp_path: Path, verdict_about: Callable[[InspectLayer], Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.service.SWEEP_SECONDS", SWEEP)
    numbers = count()

    class Shop(PrintShop):
        def __init__(self) -> None:
            super().__init__(tmp_path / str(next(numbers)), verdict_about, monkeypatch)

    many = settings(
        max_examples=int(os.environ.get("LAYERWATCH_EXAMPLES", "200")),
        derandomize="LAYERWATCH_EXAMPLES" not in os.environ,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Shop, settings=many)


# Times below are eighths of a second, so that sums of them are exact.
pauses = st.sampled_from([0.125, 0.25, 0.5, 1.0, 2.5, 10.0])


@dataclass(frozen=True)
class Pass:
    seconds: float


@dataclass(frozen=True)
class See:
    path: str
    size: int
    closed: bool
    age: float
    backlog: bool


@dataclass(frozen=True)
class Take:
    backlog: bool
    outcome: str


@dataclass
class Seen:
    """A file that is waited for, as the model of settling knows it."""

    stamp: Stamp
    quiet_since: float
    due: float
    backlog: bool
    seen_since: float
    share: float = 1.0  # of the settle time


def see(model: dict[str, Seen], settling: Settling, event: See, now: float) -> None:
    """Enter what was seen; only a live file is heard to be closed, and only one of the backlog has an age."""
    seen = model.get(event.path)
    backlog = event.backlog and (seen is None or seen.backlog)
    closed = event.closed and not backlog
    age = event.age if backlog and seen is None else 0.0
    stamp, share = Stamp(event.size, event.size), CLOSED_SHARE if closed else 1.0
    settling.observe(event.path, stamp, now=now, closed=closed, age=age, backlog=backlog)
    if seen is None or seen.stamp != stamp:
        model[event.path] = Seen(stamp, now - age, now - age + share * SETTLE, backlog, now, share)
    elif closed:
        seen.share = CLOSED_SHARE
        if seen.quiet_since + CLOSED_SHARE * SETTLE < seen.due:
            seen.due = max(now, seen.quiet_since + CLOSED_SHARE * SETTLE)


def next_of(model: Mapping[str, Seen], *, now: float, backlog: bool) -> str | None:
    """Return the file that is due: a live one before the backlog, the one that is due for longest first."""
    due = [(seen.backlog, seen.due, path) for path, seen in model.items() if seen.due <= now]
    return min((path for path in due if backlog or not path[0]), default=(False, 0.0, None))[2]


def take(model: dict[str, Seen], settling: Settling, event: Take, now: float) -> None:
    path = settling.take_due(now, backlog=event.backlog)
    assert path == next_of(model, now=now, backlog=event.backlog)
    if path is None:
        return
    seen = model[path]
    assert now >= seen.quiet_since + seen.share * SETTLE
    assert settling.stamp(path) == seen.stamp
    assert settling.is_backlog(path) == seen.backlog
    assert settling.quiet_until(path) == seen.quiet_since + SETTLE
    is_over = now >= seen.seen_since + GRACE
    assert settling.grace_is_over(path, now=now) == is_over
    if event.outcome == "stalls":
        settling.retry(path, at=now + 2.0)
        seen.due = now + 2.0
    elif event.outcome == "half" and not is_over:
        settling.wait_for_grace(path)
        seen.due = seen.seen_since + GRACE
    else:
        settling.settled(path)
        del model[path]


sights = st.builds(
    See, st.sampled_from("abc"), st.integers(0, 2), st.booleans(), st.sampled_from([0.0, 0.25, 60.0]), st.booleans()
)
takes = st.builds(Take, st.booleans(), st.sampled_from(["whole", "half", "stalls"]))


@given(st.lists(sights | takes | st.builds(Pass, pauses), max_size=60))
def test_settling_takes_no_file_too_early_and_does_what_a_plain_list_would(events: list[See | Take | Pass]) -> None:
    settling, model, now = Settling(settle_seconds=SETTLE, grace_seconds=GRACE), dict[str, Seen](), 1000.0
    for event in events:
        match event:
            case Pass():
                now += event.seconds
            case See():
                see(model, settling, event, now)
            case Take():
                take(model, settling, event, now)
        assert len(settling) == len(model)
        assert settling.next_due() == min((seen.due for seen in model.values()), default=None)
        assert settling.next_due(backlog=False) == min(
            (seen.due for seen in model.values() if not seen.backlog), default=None
        )


@dataclass(frozen=True)
class Add:
    layer: int
    light: str
    version: int
    lag: float


@dataclass
class Gathered:
    """A layer as the model of the assembly knows it.

    Attributes:
        ready_at: when it is to come out, None if it waits for nothing.
        is_out_whole: it came out with all its lights.
    """

    versions: dict[str, int] = field(default_factory=dict)
    ready_at: float | None = None
    is_out_whole: bool = False

    def add(self, event: Add, now: float) -> None:
        before = self.versions.get(event.light)
        self.versions[event.light] = event.version
        if before == event.version:
            return
        settled, is_waiting = now - event.lag, self.ready_at is not None
        if len(self.versions) < len(LIGHTS):
            self.ready_at = max(settled + SET_TIMEOUT, self.ready_at or 0.0)
        elif before is not None and self.is_out_whole:
            self.ready_at = max(settled + REVISION, (self.ready_at or 0.0) if is_waiting else 0.0)
        else:
            self.ready_at = now


LIGHTS = ("a", "b")
adds = st.builds(Add, st.integers(1, 3), st.sampled_from(LIGHTS), st.integers(0, 2), st.sampled_from([0.0, 0.5, 60.0]))


def digest(layer: int, light: str, version: int) -> bytes:
    return hashlib.sha256(f"{layer}{light}{version}".encode()).digest()


def content_of(emission: Emission) -> dict[str, bytes]:
    return {capture.light: bytes.fromhex(capture.sha256) for capture in emission.layer_set.captures}


@given(st.lists(adds | st.builds(Pass, pauses) | st.none(), max_size=60))
def test_a_set_comes_out_whole_at_once_and_incomplete_or_rewritten_when_it_has_been_waited_for(
    events: list[Add | Pass | None],
) -> None:
    assembly = Assembly(expected_lights=LIGHTS, set_timeout_seconds=SET_TIMEOUT, revision_seconds=REVISION)
    model, now = dict[int, Gathered](), 1000.0
    for event in events:
        match event:
            case Pass():
                now += event.seconds
            case Add():
                key = LayerKey(printer="m290", build="job42", layer=event.layer, stage=Stage.MELT)
                frame = Frame(f"{event.layer}{event.light}.png", digest(event.layer, event.light, event.version), 1)
                assembly.add(key, event.light, frame, settled=now - event.lag, live=True)
                model.setdefault(event.layer, Gathered()).add(event, now)
            case None:
                out = {emission.layer_set.key.layer: emission for emission in assembly.take_ready(now)}
                due = {layer for layer, known in model.items() if known.ready_at is not None and known.ready_at <= now}
                assert out.keys() == due
                for layer, emission in out.items():
                    known = model[layer]
                    assert content_of(emission) == {
                        light: digest(layer, light, version) for light, version in known.versions.items()
                    }
                    missing = tuple(f"missing light {light}" for light in LIGHTS if light not in known.versions)
                    assert emission.problems == missing
                    known.ready_at, known.is_out_whole = None, not missing
