"""What the printers of the pictures print: the same builds each time, with every decision in them."""

import sys
from dataclasses import dataclass
from pathlib import Path

from layerwatch.layers import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A simulated build.

    Attributes:
        shown: the layer that the page of the build shows.
        options: of `python -m simulator run`, which say what goes wrong.
    """

    printer: str
    build: str
    layers: int
    shown: int
    seed: int
    options: tuple[str, ...]

    @property
    def layer_sets(self) -> int:
        return self.layers * len(Stage)

    def printing(self, incoming: Path, truth: Path, *, size: int, period: float) -> list[str]:
        """Return the command that prints it below the watched folder, as words."""
        where = ["--out", str(incoming / self.printer), "--truth", str(truth / self.printer)]
        pace = ["--layers", str(self.layers), "--period", str(period), "--size", str(size), "--seed", str(self.seed)]
        return [sys.executable, "-m", "simulator", "run", *where, *pace, *self.options]

    def entry(self, mm_per_px: float) -> str:
        """Return it as ingest's file of printers has it."""
        return (
            f'[[printer]]\nname = "{self.printer}"\nfolder = "{self.printer}"\nbuild = "{self.build}"\n'
            f'profile = "nist-ammt"\nmm_per_px = {mm_per_px}\n\n'
        )


TROUBLED = Build(
    printer="m290",
    build="turbine-0417",
    layers=40,
    shown=26,
    seed=7,
    options=(
        *("--defect-rate", "0.06"),
        *("--defect", "streak@21-27:recoat"),
        *("--defect", "debris@33:melt"),
        *("--fault", "black@12:melt:b"),
    ),
)
SMOOTH = Build(printer="m400", build="bracket-12", layers=16, shown=16, seed=3, options=("--defect-rate", "0"))
BUILDS = (TROUBLED, SMOOTH)
