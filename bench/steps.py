"""The bare loop: read, preprocess, infer, find regions, write artifacts, without any queue."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.service import NoVerdictError
from layerwatch.bundle import Precision
from layerwatch.verdict import StepSeconds, Verdict

STEPS = tuple(StepSeconds.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMedians:
    """Median seconds of each step over the layer sets of one picture size."""

    size: int
    precision: Precision
    seconds: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def time_steps(pictures: Path, out: Path, *, size: int, precision: Precision) -> StepMedians:
    """Inspect all layer sets of a folder by hand and return the medians from their verdicts.

    The first two sets are left out: they compile the network for their tile size.
    """
    command = [sys.executable, "-m", "worker", "inspect", str(pictures), "--profile", "nist-ammt", "--out", str(out)]
    done = subprocess.run(
        [*command, "--precision", precision], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if done.returncode not in (0, 1):
        raise NoVerdictError(done.stderr.strip())
    verdicts = [Verdict.from_json(path.read_bytes()) for path in sorted(out.glob("*/verdict.json"))]
    in_order = sorted(verdicts, key=lambda verdict: verdict.timing.published)[2:]
    seconds = {step: median(getattr(verdict.timing.seconds, step) for verdict in in_order) for step in STEPS}
    return StepMedians(size=size, precision=precision, seconds=seconds)
