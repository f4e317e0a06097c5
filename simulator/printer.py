"""The simulated printer: renders ahead, writes when a layer set is due, keeps the truth."""

import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import cv2

from layerwatch.errors import SettingsError
from layerwatch.layers import Stage
from layerwatch.profile import Profile
from simulator.build import Build
from simulator.clock import Clock
from simulator.faults import Fault
from simulator.metrics import SIMULATED_LAYERS
from simulator.record import TruthRecord
from simulator.shoot import Shot, set_name, shoot
from simulator.writer import WriteMode, write_files

WRITING_SHARE = 0.4  # of the time between two layer sets, a slow printer spends writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A print job with everything that its writing needs; 0 layers go on until stopped.

    Of `every` layers, only the first is printed: what lasts over many of them is then seen once, and more of it.
    """

    build: Build
    profile: Profile
    layers: int
    faults: tuple[Fault, ...]
    out: Path
    truth: Path
    write: WriteMode
    period_seconds: float
    processes: int
    every: int = 1

    @property
    def last(self) -> int:
        """The number of the last layer, 0 for none."""
        return (self.layers - 1) * self.every + 1 if self.layers else 0

    def layer_sets(self) -> Iterator[tuple[int, Stage]]:
        """Yield layers and stages in the order in which a printer makes them."""
        numbers = range(1, self.last + 1, self.every) if self.layers else count(1, self.every)
        return ((layer, stage) for layer in numbers for stage in self.profile.written_stages)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has been written so far."""

    layer_sets: int = 0
    files: int = 0
    defective: int = 0

    def __str__(self) -> str:
        return f"{self.layer_sets} layer sets, {self.files} files, {self.defective} defective"


def refuse_overwriting(job: Job) -> None:
    """Raise if a file that the job would write is there already.

    Raises:
        SettingsError: and says which file and what to do.
    """
    if job.truth.resolve().is_relative_to(job.out.resolve()):
        raise SettingsError(f"the truth folder {job.truth} must lie outside {job.out}, where only pictures belong")
    layers = range(1, (job.last or 100_000) + 1, job.every)
    there = {path.relative_to(folder).as_posix() for folder in (job.out, job.truth) for path in folder.rglob("*")}
    if not there:
        return
    for layer in layers:
        for stage in job.profile.written_stages:
            names = [job.profile.file_name(layer, stage, light) for light in job.profile.expected_lights]
            for name in (*names, f"{set_name(layer, stage)}.png"):
                if name in there:
                    raise SettingsError(f"{name} is there already; give another --out, or --overwrite to replace it")


def print_layers(job: Job, record: TruthRecord, tally: Tally) -> Iterator[Shot]:
    """Write one layer set after the other and yield each when it is on the disk."""
    slot = job.period_seconds / len(job.profile.written_stages)
    clock = Clock(slot)
    job.out.mkdir(parents=True, exist_ok=True)
    with _executor(job) as executor:
        for shot in _ahead(executor, job):
            clock.wait()
            record.add(shot)
            write_files(job.out, shot.pictures, job.write, seconds=slot * WRITING_SHARE)
            tally.layer_sets += bool(shot.pictures)
            tally.files += len(shot.pictures)
            tally.defective = record.defective
            SIMULATED_LAYERS.labels(stage=str(shot.stage)).inc()
            if job.period_seconds:
                record.save()
            yield shot


def _ahead(executor: Executor, job: Job) -> Iterator[Shot]:
    """Render a few layer sets ahead of the one that is due, in order."""
    waiting: deque[Future[Shot]] = deque()
    for layer, stage in job.layer_sets():
        waiting.append(executor.submit(shoot, job.build, job.profile, job.faults, layer, stage))
        if len(waiting) > 2 * job.processes:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def _executor(job: Job) -> Iterator[Executor]:
    # A live printer needs one thread and leaves no process behind, whatever kills it; a data set is worth processes.
    executor: Executor = ThreadPoolExecutor(1)
    if job.processes > 1:
        executor = _started_pool(job.processes)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _started_pool(processes: int) -> ProcessPoolExecutor:
    """Start the processes deaf to Ctrl-C, which only the one that writes answers."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pool = ProcessPoolExecutor(
            processes, mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
        )
        for _ in range(processes):
            pool.submit(int)
    finally:
        signal.signal(signal.SIGINT, before)
    return pool
