"""The layer sets that are timed: simulated, so that anyone has the same."""

import subprocess
import sys
from pathlib import Path


def simulate(folder: Path, *, size: int, layers: int, seed: int = 11) -> Path:
    """Write layers x 2 layer sets of three 16-bit lights and return their folder."""
    pictures = folder / f"pictures-{size}"
    options = ["--layers", str(layers), "--size", str(size), "--seed", str(seed), "--period", "0"]
    targets = ["--out", str(pictures), "--truth", str(folder / f"truth-{size}")]
    subprocess.run(
        [sys.executable, "-m", "simulator", "run", *options, *targets], check=True, stdout=subprocess.DEVNULL
    )
    return pictures
