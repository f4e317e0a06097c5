"""Ingest loses nothing: each layer set is queued exactly once, whatever is killed, frozen, wiped or unmounted.

Three simulated printers write at once, each in its own way and with every fault that it knows: 300 layer sets.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_QUEUE, InspectLayer

pytestmark = [pytest.mark.e2e, pytest.mark.redis]
ROOT = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("LAYERWATCH_CHAOS_SEED", "7"))
PATIENCE = 60.0
TAIL_LINES = 60

BUILDS = ("slow", "rename", "plain")  # each is named after the way in which its printer writes
LAYERS, STAGES, LIGHTS = 51, ("recoat", "melt"), "abc"
SETS = 300
SETTLE_SECONDS, GRACE_SECONDS, SET_TIMEOUT_SECONDS = 0.3, 3.0, 6.0
AWAY_SECONDS = SET_TIMEOUT_SECONDS + 2.0  # long enough for a set to be given up, if that time counted

Key = tuple[str, int, str]  # build, layer, stage


class Fault(NamedTuple):
    """What goes wrong with one layer set of each build; all lights if none is named."""

    kind: str
    layer: int
    stage: str
    light: str = ""

    @property
    def spelling(self) -> str:
        return ":".join(filter(None, (f"{self.kind}@{self.layer}", self.stage, self.light)))


FAULTS = (
    Fault("half-written", 5, "melt", "a"),
    Fault("half-written", 31, "recoat", "c"),
    Fault("missing-light", 9, "melt", "b"),
    Fault("missing-light", 22, "recoat", "a"),
    Fault("missing-light", 35, "recoat", "c"),
    Fault("black", 13, "melt", "c"),
    Fault("black", 39, "recoat"),
    Fault("saturated", 17, "recoat", "b"),
    Fault("saturated", 41, "melt"),
    Fault("repeated-frame", 20, "melt", "a"),
    Fault("repeated-frame", 43, "recoat"),
    Fault("skipped-layer", 25, "melt"),
    Fault("skipped-layer", 47, "recoat"),
)


class Expected(NamedTuple):
    """What the job of a layer set says, and for how long it has to wait for what may still come."""

    lights: str = LIGHTS
    problems: tuple[str, ...] = ()
    wait_seconds: float = 0.0


def expected_after(fault: Fault | None) -> Expected:
    kind, light = (fault.kind, fault.light) if fault else ("", "")
    if fault and kind == "repeated-frame":
        text = f"has the same content as layer {fault.layer - 1}"
        return Expected(problems=tuple(f"duplicate frame: light {name} {text}" for name in light or LIGHTS))
    if kind in {"black", "saturated"} and not light:
        return Expected(problems=(f"duplicate frame: lights {', '.join(LIGHTS)} have the same content",))
    if kind == "missing-light":
        return Expected(LIGHTS.replace(light, ""), (f"missing light {light}",), SET_TIMEOUT_SECONDS)
    return Expected(wait_seconds=GRACE_SECONDS if kind == "half-written" else 0.0)


def expected_sets() -> dict[Key, Expected]:
    struck = {(fault.layer, fault.stage): fault for fault in FAULTS}
    written = [
        (layer, stage)
        for layer in range(1, LAYERS + 1)
        for stage in STAGES
        if (layer, stage) not in struck or struck[layer, stage].kind != "skipped-layer"
    ]
    return {(build, *place): expected_after(struck.get(place)) for build in BUILDS for place in written}


EXPECTED = expected_sets()


class Server(Protocol):
    """What the tests need of the server of conftest."""

    url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Plant:
    """A share that three printers write into, and ingest as a process that watches it."""

    def __init__(self, folder: Path, server: Server, stack: ExitStack) -> None:
        self.share = folder / "share"
        self.server = server
        self.settings: dict[str, str] = {}
        self._truth, self._log = folder / "truth", folder / "log"
        self._stack = stack
        self._printers: list[subprocess.Popen[bytes]] = []
        self._ingest: subprocess.Popen[bytes] | None = None
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "REDIS_URL": server.url,
            "SOURCES_DIR": str(self.share),
            "ARTIFACTS_DIR": str(folder / "artifacts"),
            "INGEST_LEDGER_DIR": str(folder / "ledger"),
            "LOG_FORMAT": "json",
            "INGEST_SETTLE_SECONDS": str(SETTLE_SECONDS),
            "INGEST_GRACE_SECONDS": str(GRACE_SECONDS),
            "INGEST_SET_TIMEOUT_SECONDS": str(SET_TIMEOUT_SECONDS),
            "INGEST_RESCAN_SECONDS": "1",
        }
        for build in BUILDS:
            (self.share / build).mkdir(parents=True)

    def _start(self, *words: str, cwd: Path = ROOT) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=cwd,
                env={**self._environment, **self.settings},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._stack.callback(end, process)
        return process

    def start_ingest(self) -> None:
        self._ingest = self._start("ingest", "run")

    def kill_ingest(self) -> None:
        """Kill it; if it ended by itself, that is a failure of its own."""
        assert self._ingest is not None
        assert self._ingest.poll() is None, "ingest ended before it was killed"
        self._ingest.kill()
        self._ingest.wait()

    def kill_and_restart_ingest(self) -> None:
        self.kill_ingest()
        self.start_ingest()

    @property
    def ingest_pid(self) -> int:
        assert self._ingest is not None
        return self._ingest.pid

    @property
    def redis_pid(self) -> int:
        with Redis.from_url(self.server.url) as client:
            return int(client.info("server")["process_id"])

    def stop_ingest(self) -> int:
        assert self._ingest is not None
        self._ingest.terminate()
        return self._ingest.wait(timeout=PATIENCE)

    def print_builds(self, seconds: float) -> None:
        """Start the printers; each works inside its folder, so it goes on where the share is moved to."""
        pace = ("--layers", str(LAYERS), "--period", str(seconds / LAYERS), "--size", "64")
        faults = [word for fault in FAULTS for word in ("--fault", fault.spelling)]
        for number, build in enumerate(BUILDS, start=1):
            options = ("--truth", str(self._truth / build), "--seed", str(number), "--write", build, *pace, *faults)
            printer = self._start("simulator", "run", "--out", ".", *options, cwd=self.share / build)
            self._printers.append(printer)

    def partly_written(self) -> bool:
        """Whether the slow printer is in the middle of a set: one picture or more is finished, one is not there."""
        newest = max((self.share / "slow").glob("*.PNG"), key=lambda path: path.stat().st_mtime_ns).name
        lights = EXPECTED["slow", int(newest[1:5]), STAGES["AB".index(newest[0])]].lights
        return lights[0] < newest[5] < lights[-1]

    @contextmanager
    def printer_held_inside_a_set(self) -> Iterator[None]:
        """Stop the slow printer between two lights, and let it go on afterwards."""
        printer = self._printers[BUILDS.index("slow")].pid
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with frozen(printer):
                if self.partly_written():
                    time.sleep(3 * SETTLE_SECONDS)  # ingest enters what is finished
                    yield
                    return
            time.sleep(0.005)
        pytest.fail("no set was met half-way")

    def are_printing(self) -> bool:
        return all(printer.poll() is None for printer in self._printers)

    def wait_for_printers(self) -> None:
        assert [printer.wait(timeout=PATIENCE) for printer in self._printers] == [0] * len(BUILDS)

    def look_once(self) -> str:
        """Return what ingest says of the whole folder: nothing in it is new, or something is."""
        done = subprocess.run(
            [sys.executable, "-m", "ingest", "run", "--once"],
            cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def queued(self) -> list[str]:
        with Redis.from_url(self.server.url) as client:
            return Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer).job_ids

    def messages(self) -> list[InspectLayer]:
        with Redis.from_url(self.server.url) as client:
            jobs = Job.fetch_many(self.queued(), connection=client, serializer=JSONSerializer)
            return [InspectLayer.from_wire(job.args[0]) for job in jobs if job is not None]

    def flush(self) -> None:
        with Redis.from_url(self.server.url) as client:
            client.flushall()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Let a process stand still, as on a machine that is paused or out of memory."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def plant(tmp_path: Path, own_redis_server: Server) -> Iterator[Plant]:
    with ExitStack() as stack:
        plant = Plant(tmp_path, own_redis_server, stack)
        yield plant
        print(f"seed {SEED}, the last lines of the log:", *plant.log.splitlines()[-TAIL_LINES:], sep="\n")  # noqa: T201 - shown where the test failed


def wait_until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def random_moments(count: int, seconds: float) -> list[float]:
    rng = random.Random(SEED)
    return sorted(rng.uniform(0.3, 0.97 * seconds) for _ in range(count))


def kill_at(plant: Plant, moments: Sequence[float]) -> None:
    """Kill ingest at so many seconds from now, and start it again at once."""
    began = time.monotonic()
    for moment in moments:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        assert plant.are_printing()
        plant.kill_and_restart_ingest()


def key_of(message: InspectLayer) -> Key:
    return message.build, message.layer, message.stage.value


def facts_of(message: InspectLayer) -> tuple[str, tuple[str, ...], int]:
    return "".join(sorted(capture.light for capture in message.captures)), message.problems, message.revision


def waited(message: InspectLayer) -> float:
    return (message.settled - min(capture.modified for capture in message.captures)).total_seconds()


def assert_all_are_queued_once(plant: Plant) -> None:
    """Wait until all is printed and queued, and compare each job with what the printers wrote."""
    assert len(EXPECTED) == SETS
    plant.wait_for_printers()
    wait_until(lambda: len(plant.queued()) >= SETS)
    messages = plant.messages()
    counts = Counter(map(key_of, messages))
    assert EXPECTED.keys() - counts.keys() == set()  # lost
    assert counts.keys() - EXPECTED.keys() == set()
    twice = [(key_of(message), *facts_of(message)) for message in messages if counts[key_of(message)] > 1]
    assert sorted(twice) == []
    wrong = {key_of(message): facts_of(message) for message in messages if not is_as_expected(message)}
    assert wrong == {}
    assert_files_are_what_was_queued(plant, messages)
    assert_nothing_comes_after(plant)


def is_as_expected(message: InspectLayer) -> bool:
    expected = EXPECTED[key_of(message)]
    return facts_of(message) == (expected.lights, expected.problems, 1) and waited(message) >= expected.wait_seconds


def assert_files_are_what_was_queued(plant: Plant, messages: Sequence[InspectLayer]) -> None:
    queued = {capture.path: capture.sha256 for message in messages for capture in message.captures}
    files = {
        path.relative_to(plant.share).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in plant.share.rglob("*.PNG")
    }
    assert queued == files


def assert_nothing_comes_after(plant: Plant) -> None:
    """A second ingest that looks through the whole folder finds nothing that is not on the queue."""
    assert plant.stop_ingest() == 0
    assert f"0 layer sets queued, {SETS} known" in plant.look_once()
    assert len(plant.queued()) == len(set(plant.queued())) == SETS
    assert "Traceback" not in plant.log


def test_killed_ten_times_at_random_moments_ingest_queues_each_set_once(plant: Plant) -> None:
    plant.start_ingest()
    plant.print_builds(seconds=30)

    kill_at(plant, random_moments(10, 30))

    assert_all_are_queued_once(plant)


def test_polling_finds_each_set_once_however_often_it_is_killed(plant: Plant) -> None:
    plant.settings["INGEST_WATCH"] = "polling"
    plant.start_ingest()
    plant.print_builds(seconds=24)

    kill_at(plant, random_moments(4, 14))  # a start scans, too: what comes later is left to polling alone

    assert_all_are_queued_once(plant)


def test_redis_away_for_twenty_seconds_costs_no_set(plant: Plant) -> None:
    plant.start_ingest()
    plant.print_builds(seconds=30)
    assert wait_until(lambda: len(plant.queued()) >= 60)

    plant.server.stop()
    assert wait_until(lambda: '"redis_down"' in plant.log)
    time.sleep(10)
    plant.kill_and_restart_ingest()
    time.sleep(10)
    assert plant.are_printing()
    plant.server.start()

    assert_all_are_queued_once(plant)


def test_a_redis_that_is_wiped_over_and_over_has_each_set_again(plant: Plant) -> None:
    plant.start_ingest()
    plant.print_builds(seconds=24)

    assert wait_until(lambda: len(plant.queued()) >= 60)
    plant.flush()
    assert wait_until(lambda: len(plant.queued()) >= 120)
    plant.kill_ingest()
    plant.flush()
    plant.start_ingest()
    assert wait_until(lambda: len(plant.queued()) >= 20)  # it puts them back
    plant.flush()
    assert plant.are_printing()
    assert wait_until(lambda: len(plant.queued()) >= 200)
    plant.flush()

    assert_all_are_queued_once(plant)
    assert '"inspections_lost"' in plant.log


@pytest.mark.parametrize("leaves_mount_point", [False, True], ids=["gone", "empty"])
def test_a_share_that_goes_away_while_the_printers_write_costs_no_set(
    plant: Plant, *, leaves_mount_point: bool
) -> None:
    away = plant.share.with_name("away")
    plant.start_ingest()
    plant.print_builds(seconds=20)
    assert wait_until(lambda: len(plant.queued()) >= 60)

    with plant.printer_held_inside_a_set():
        plant.share.rename(away)
        if leaves_mount_point:
            plant.share.mkdir()
        assert wait_until(lambda: '"source_down"' in plant.log)
    time.sleep(AWAY_SECONDS)
    assert plant.are_printing()
    if leaves_mount_point:
        plant.share.rmdir()
    away.rename(plant.share)

    assert_all_are_queued_once(plant)
    assert plant.log.count('"source_up"') == 1


@pytest.mark.parametrize("who", ["ingest_pid", "redis_pid"], ids=["ingest", "redis"])
def test_what_stands_still_while_the_printers_write_costs_no_set(plant: Plant, who: str) -> None:
    plant.start_ingest()
    plant.print_builds(seconds=20)
    assert wait_until(lambda: len(plant.queued()) >= 60)

    with ExitStack() as standing:
        with plant.printer_held_inside_a_set():
            standing.enter_context(frozen(getattr(plant, who)))
        time.sleep(AWAY_SECONDS)
        assert plant.are_printing()

    assert_all_are_queued_once(plant)
