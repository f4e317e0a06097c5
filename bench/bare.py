"""The bare loop: read, preprocess, infer, find regions, draw and write, one set after the other, without any queue."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cases import Case
from bench.page import Figures
from bench.worker_process import WorkerStoppedError
from layerwatch.bundle import Precision
from layerwatch.verdict import StepSeconds, Verdict

STEPS = tuple(StepSeconds.model_fields)
PRECISIONS: tuple[Precision, ...] = ("int8", "float32")
WARM_UPS = 2  # sets that compile the network for their size of tile


@dataclass(frozen=True, slots=True, kw_only=True)
class BareLoop:
    """What a process does that inspects a folder and nothing else.

    Attributes:
        seconds: median of each step.
        per_second: layer sets, from the first to the last.
    """

    case: Case
    precision: Precision
    seconds: dict[str, float]
    per_second: float

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def time_bare_loop(case: Case, out: Path, *, precision: Precision = "int8") -> BareLoop:
    """Inspect all layer sets of a case by hand, and take the times from their verdicts."""
    command = [
        sys.executable,
        "-m",
        "worker",
        "inspect",
        str(case.folder),
        "--profile",
        case.profile,
        "--out",
        str(out),
    ]
    done = subprocess.run(
        [*command, "--precision", precision], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if done.returncode not in (0, 1):
        raise WorkerStoppedError(done.stderr.strip())
    verdicts = [Verdict.from_json(path.read_bytes()) for path in sorted(out.glob("*/verdict.json"))]
    timings = sorted((verdict.timing for verdict in verdicts), key=lambda timing: timing.published)[WARM_UPS:]
    return BareLoop(
        case=case,
        precision=precision,
        seconds={step: median(getattr(timing.seconds, step) for timing in timings) for step in STEPS},
        per_second=(len(timings) - 1) / (timings[-1].published - timings[0].published).total_seconds(),
    )


def steps_figures(loops: list[BareLoop]) -> Figures:
    return Figures(
        title="Steps of an inspection",
        command="python -m bench --only inspection",
        columns=("medians in ms", *STEPS, "in all"),
        rows=tuple(_row(loop) for loop in loops),
        note="The same for any picture, with p95 and memory: `python -m worker bench FILES`.",
    )


def _row(loop: BareLoop) -> tuple[str, ...]:
    figures = (*(loop.seconds[step] for step in STEPS), loop.total)
    return (f"{loop.case.name}, {loop.precision}", *(f"{1000 * figure:.0f}" for figure in figures))
