from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.__main__ import main

Simulate = Callable[..., Path]


@pytest.fixture
def simulate(tmp_path: Path) -> Simulate:
    """Run the command line at a small size, as fast as possible; returns the folder with the pictures."""

    def run(*arguments: str, name: str = "out", layers: int = 2, size: int = 256, seed: int = 4) -> Path:
        out = tmp_path / name
        options = [
            "--layers",
            str(layers),
            "--size",
            str(size),
            "--seed",
            str(seed),
            "--period",
            "0",
            "--processes",
            "1",
        ]
        assert main(["run", "--out", str(out), *options, *arguments]) == 0
        return out

    return run
