"""Whatever happens to folder, clocks, process and Redis, in whatever order: each layer is queued, once, and never half.

The whole loop runs as in test_loop.py, on a real folder, with in-memory twins that fail and clocks that are turned.
"""

import copy
import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, TypeVar

import cv2
import numpy as np
import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from redis.exceptions import ConnectionError as RedisConnectionError

from ingest.examine import stamp_of
from ingest.feed import Sink
from ingest.intake import Clocks
from ingest.ledger import DiskLedger
from ingest.metrics import Outcome
from ingest.service import Ingest
from ingest.settings import IngestSettings, printer_of
from ingest.settling import CLOSED_SHARE, Stamp
from ingest.watch import Hint
from layerwatch.job import InspectLayer
from layerwatch.layers import Capture, LayerKey, LayerSet
from layerwatch.memory import InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.settings import load_settings
from layerwatch.source_state import SourceState
from layerwatch.verdict import Verdict

SETTLE, GRACE, SET_TIMEOUT, SWEEP = 0.5, 3.0, 5.0, 20.0
LONG_ENOUGH = 50.0  # for the grace time, a missing light, rescans, and a Redis that was away
EPSILON = 1e-6
NAMES = {
    "nist-ammt": tuple(f"B{layer:04d}{light}.PNG" for layer in (1, 2) for light in "abc"),
    "single-light": ("Image1.png", "Image2.png", "Image4.png", "job/Image1.png"),
}
SHARES = (0.0, 0.1, 0.5, 0.9)
SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # nothing hangs on it
Answer = TypeVar("Answer")
Event = Literal["none", "written", "closed"]  # what the watch tells of a file


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


@dataclass
class FrailBoard(InMemorySources):
    line: Line

    def __post_init__(self) -> None:
        super().__init__()

    def report(self, state: SourceState) -> None:
        self.line.call(partial(super().report, state))


class Events:
    """Stands for the watch of the file system; its hints are up to the test."""

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
    whole: bool
    since: float
    until: float | None = None


names = st.integers(0, max(map(len, NAMES.values())) - 1)
contents = st.integers(0, 2)
events: st.SearchStrategy[Event] = st.sampled_from(["none", "written", "closed"])


class PrintShop(RuleBasedStateMachine):
    """A folder that a printer writes into, ingest, Redis and a worker, and everything that can happen to them."""

    def __init__(
        self, folder: Path, verdict_about: Callable[[InspectLayer], Verdict], patch: pytest.MonkeyPatch
    ) -> None:
        super().__init__()
        self.folder, self.verdict_about, self.patch = folder, verdict_about, patch
        self.root = self.place = folder / "incoming"
        self.root.mkdir(parents=True)
        self.artifacts = folder / "artifacts"
        self.now, self.wall, self.serial = 1000.0, 1_800_000_000.0, 0
        self.line = Line()
        self.ledger: DiskLedger | None = None
        self.queue, self.results = InMemoryQueue(), InMemoryResults()
        self.versions: dict[tuple[str, Stamp], Version] = {}
        self.lying: dict[str, Stamp] = {}
        self.accepted: dict[str, InspectLayer] = {}
        self.ever: dict[str, InspectLayer] = {}
        self.is_quick = False
        self.is_sound = False

    # How it is set up

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
        sink = Sink(
            queue=FrailQueue(self.queue, self.line, self.note_accepted),
            ledger=FrailLedger(self.results, self.line, self.note_look),
            sources=FrailBoard(self.line),
            artifacts_dir=self.artifacts,
        )
        clocks = Clocks(steady=lambda: self.now, wall=lambda: self.wall)
        self.drop_ledger()
        self.ledger = DiskLedger(self.folder / "ledger.sqlite")
        self.ingest = Ingest(self.printer, sink, queue_limit=self.limit, ledger=self.ledger, clocks=clocks)
        if self.listening:
            self.ingest._watch = Events()  # type: ignore[assignment]  # it starts no thread
            self.ingest._listening = self.ingest._has_events = True
        self.is_sound = True

    def drop_ledger(self) -> None:
        """Let go of it as a process that is killed does: what was not saved is gone."""
        if self.ledger is not None and self.ledger._database is not None:
            self.ledger._database.close()
            self.ledger._database = None

    # What the printer and people do to the folder

    @rule(name=names, content=contents, share=st.sampled_from([1.0, 1.0, *SHARES]), event=events)
    def write(self, name: int, content: int, share: float, event: Event) -> None:
        whole = picture(content)
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(whole[: round(share * len(whole))])
        self.stamp(path)
        self.note(path, event)

    @rule(name=names, event=events)
    def write_on(self, name: int, event: Event) -> None:
        path = self.path(name)
        if not path.exists():
            return None
        written = path.read_bytes()
        for content in range(3):
            if picture(content).startswith(written) and picture(content) != written:
                path.write_bytes(picture(content)[: len(written) + 60])
                self.stamp(path)
                return self.note(path, event)
        return None

    @rule(name=names, content=contents, age=st.sampled_from([0.0, 3600.0]), event=events)
    def write_and_rename(self, name: int, content: int, age: float, event: Event) -> None:
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(picture(content))
        self.stamp(part, age=age)
        part.rename(path)
        self.note(path, event)

    @rule(name=names, other=names, event=events)
    def rename(self, name: int, other: int, event: Event) -> None:
        path, target = self.path(name), self.path(other)
        if path.exists() and path != target:
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
            self.note(path, "none")
            self.note(target, event)

    @rule(name=names, event=events)
    def move_out_or_back(self, name: int, event: Event) -> None:
        path = self.path(name)
        drawer = self.folder / "drawer" / path.name
        drawer.parent.mkdir(exist_ok=True)
        if path.exists():
            path.rename(drawer)
        elif drawer.exists():
            path.parent.mkdir(exist_ok=True)
            drawer.rename(path)
        self.note(path, event)

    @rule(name=names)
    def delete(self, name: int) -> None:
        self.path(name).unlink(missing_ok=True)
        self.note(self.path(name), "none")

    @rule(name=names, event=events)
    def touch(self, name: int, event: Event) -> None:
        if self.path(name).exists():
            self.stamp(self.path(name))
            self.note(self.path(name), event)

    @rule(anew=st.booleans())
    def unmount_or_mount(self, *, anew: bool) -> None:
        away = self.folder / "away"
        if self.place == self.root:
            self.root.rename(away)
            self.place = away
        else:
            if anew:  # the same files, on another mount
                shutil.copytree(away, self.folder / "copy")
                shutil.rmtree(away)
                (self.folder / "copy").rename(away)
            away.rename(self.root)
            self.place = self.root

    # Time, and the process

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.2, 0.6, 1.2, 3.5, 12.0, 45.0]))
    def wait(self, seconds: float) -> None:
        end, ticks = self.now + seconds, 0
        while True:
            pause = self.tick()
            ticks += 1
            assert ticks < 60 + 10 * seconds, "it does not sleep"
            if self.now + pause >= end:
                break
            self.pass_time(max(pause, 0.001))
        self.pass_time(end - self.now)

    @rule(seconds=st.sampled_from([-86_400.0, -5.0, 5.0, 86_400.0]))
    def set_the_clock(self, seconds: float) -> None:
        self.wall += seconds

    @rule(ledger=st.sampled_from(["kept", "kept", "deleted", "damaged"]))
    def restart(self, ledger: str) -> None:
        self.drop_ledger()
        if ledger == "deleted":
            for file in self.folder.glob("ledger.sqlite*"):
                file.unlink()
        elif ledger == "damaged":
            (self.folder / "ledger.sqlite").write_bytes(b"no database" * 100)
        self.start()

    # Redis and the worker

    @rule(calls=st.integers(0, 12), end=st.sampled_from(["refused", "lost", "killed", "killed after"]))
    def cut_the_line(self, calls: int, end: str) -> None:
        self.line.fuse, self.line.end = calls, end

    @precondition(lambda self: not self.line.is_up)
    @rule()
    def mend_the_line(self) -> None:
        self.line.is_up = True

    @rule()
    def keep(self) -> None:
        """Keep the state of Redis as it is now."""
        self.kept = copy.deepcopy((self.queue.messages, vars(self.results), self.accepted))

    @rule(older=st.booleans())
    def wipe_redis(self, *, older: bool) -> None:
        """All that Redis knows is gone, or all since it was kept."""
        empty: tuple[list[InspectLayer], dict[str, object], dict[str, InspectLayer]]
        empty = ([], vars(InMemoryResults()), {})
        messages, results, self.accepted = copy.deepcopy(self.kept if older else empty)
        self.queue.messages[:] = messages
        vars(self.results).update(results)

    @precondition(lambda self: self.queue.messages)
    @rule(dies=st.booleans())
    def work(self, *, dies: bool) -> None:
        message = self.queue.messages[0]
        written = self.verdict_on_disk(message.layer_set.key)
        verdict = written if written is not None and written.id == message.id else self.verdict_about(message)
        if written is None or written.revision <= message.revision:
            file = self.artifacts / verdict.key.folder / "verdict.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(verdict.to_json(), encoding="utf-8")
        if not dies:
            self.results.publish(verdict)
            self.queue.messages.remove(message)

    @rule()
    def work_while_ingest_looks(self) -> None:
        self.is_quick = True

    # What has to hold

    @rule(working=st.booleans())
    def settle(self, *, working: bool) -> None:
        """Let everything come to rest; then each layer that lies there is queued or answered."""
        if self.place != self.root:
            self.unmount_or_mount(anew=False)
        self.line.is_up, self.line.fuse = True, None
        end = self.now + LONG_ENOUGH
        while self.now < end:
            self.wait(1.0)
            if self.queue.messages and (working or self.limit == 1):
                self.work(dies=False)
        assert self.ingest.is_idle
        assert not self.ingest.feed.outcomes[Outcome.REFUSED]
        self.check_layers()

    def check_layers(self) -> None:
        layers: dict[LayerKey, dict[str, Capture]] = {}
        for path, stamp in self.lying.items():
            named = self.ingest.intake.folder.source.key(path)
            assert named is not None
            key, light = named
            layers.setdefault(key, {})[light] = Capture(
                light=light,
                path=path,
                sha256=self.versions[path, stamp].sha256,
                modified=SOME_TIME,
            )
        for key, captures in layers.items():
            lying = tuple(captures[light] for light in sorted(captures))
            layer = LayerSet(key=key, captures=lying, expected_lights=self.printer.profile.expected_lights)
            if layer.missing_lights:
                shown = [message for message in self.ever.values() if message.layer_set.key == key]
                wanted = {(capture.light, capture.sha256) for capture in lying}
                assert any(
                    wanted <= {(each.light, each.sha256) for each in message.captures} and self.is_answered(message.id)
                    for message in shown
                ), f"{key} with lights {sorted(captures)}"
            else:
                assert self.is_answered(layer.inspection_id), str(key)

    def is_answered(self, inspection_id: str) -> bool:
        return self.queue.holds(inspection_id) or self.results.is_published(inspection_id)

    def note_accepted(self, message: InspectLayer) -> None:
        """Check what has just been queued."""
        assert message.id not in self.accepted, "queued twice"
        self.accepted[message.id] = self.ever[message.id] = message
        assert not self.results.is_published(message.id)
        written = self.verdict_on_disk(message.layer_set.key)
        assert written is None or written.id != message.id, "it has its verdict on disk"
        assert written is None or message.revision > written.revision, "its artifacts would not be written"
        for capture in message.captures:
            assert any(self.is_ripe(each) for each in self.of(capture.path, capture.sha256)), "half a file"
        if message.layer_set.missing_lights:
            waited = SETTLE + SET_TIMEOUT - EPSILON
            for capture in message.captures:
                assert any(self.now - each.since >= waited for each in self.of(capture.path, capture.sha256)), (
                    "too early"
                )

    def of(self, path: str, sha256: str) -> list[Version]:
        return [each for (name, _), each in self.versions.items() if name == path and each.sha256 == sha256]

    def is_ripe(self, version: Version) -> bool:
        until = self.now if version.until is None else version.until
        return until - version.since >= (CLOSED_SHARE * SETTLE if version.whole else GRACE) - EPSILON

    def note_look(self, inspection_id: str) -> None:
        """A worker that is quick finishes the job between two looks of ingest."""
        if self.is_quick and self.queue.messages and self.queue.messages[0].id == inspection_id:
            self.is_quick = False
            self.work(dies=False)

    def teardown(self) -> None:
        if self.is_sound:
            self.settle(working=False)
        self.drop_ledger()
        shutil.rmtree(self.folder)

    # Tools

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
        """A first scan knows how long a file has been quiet from its time of change alone."""
        for (path, stamp), version in self.versions.items():
            if self.lying.get(path) == stamp:
                version.since = min(version.since, self.now - max(0.0, self.wall - stamp.mtime_ns / 1e9))

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds

    def path(self, name: int) -> Path:
        return self.place / self.names[name % len(self.names)]

    def stamp(self, path: Path, *, age: float = 0.0) -> None:
        """Set a time of change that no file had before."""
        self.serial += 1
        moment = int((self.wall - age) * 1e9) + self.serial
        os.utime(path, ns=(moment, moment))

    def note(self, path: Path, event: Event) -> None:
        name = path.relative_to(self.place).as_posix()
        stamp = stamp_of(path.stat()) if path.exists() else None
        before = self.lying.pop(name, None)
        if before is not None:
            self.versions[name, before].until = self.now
        if stamp is not None:
            content = path.read_bytes()
            whole = content in {picture(number) for number in range(3)}
            version = Version(hashlib.sha256(content).hexdigest(), whole, self.now)
            self.versions.setdefault((name, stamp), version).until = None
            self.lying[name] = stamp
        if event != "none" and self.place == self.root:
            self.ingest.inbox.put(Hint(path=name, closed=event == "closed"))

    def verdict_on_disk(self, key: LayerKey) -> Verdict | None:
        file = self.artifacts / key.folder / "verdict.json"
        return Verdict.from_json(file.read_bytes()) if file.exists() else None


@pytest.fixture
def quiet_logs() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.mark.usefixtures("quiet_logs")
def test_whatever_happens_each_layer_is_queued_once_and_never_half(
    tmp_path: Path,
    verdict_about: Callable[[InspectLayer], Verdict],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.service.SWEEP_SECONDS", SWEEP)
    monkeypatch.setattr("ingest.service.time", SimpleNamespace(thread_time=lambda: 0.0))
    numbers = count()
    run_state_machine_as_test(
        lambda: PrintShop(tmp_path / str(next(numbers)), verdict_about, monkeypatch),  # type: ignore[arg-type]  # a maker does
        settings=settings(
            max_examples=int(os.environ.get("LAYERWATCH_EXAMPLES", "200")),
            stateful_step_count=40,
            derandomize="LAYERWATCH_EXAMPLES" not in os.environ,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
