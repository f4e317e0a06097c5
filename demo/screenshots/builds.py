"""What the printers of the pictures print: the same builds each time, with every decision in them."""

import sys
from dataclasses import dataclass
from pathlib import Path

from layerwatch.layers import Stage
from layerwatch.profile import load_profile

PROFILE = "nist-ammt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A simulated build.

    Attributes:
        shown, stage: the layer that the page of the build shows, and whose pictures are checked by hand.
        options: of `python -m simulator run`, which say what goes wrong.
    """

    printer: str
    build: str
    layers: int
    shown: int
    stage: Stage
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

    def pictures(self, incoming: Path) -> list[Path]:
        """Return the pictures of the layer that is shown, as it prints them."""
        profile = load_profile(PROFILE)
        names = (profile.file_name(self.shown, self.stage, light) for light in profile.expected_lights)
        return [incoming / self.printer / name for name in names]

    def entry(self, mm_per_px: float) -> str:
        """Return it as ingest's file of printers has it."""
        return (
            f'[[printer]]\nname = "{self.printer}"\nfolder = "{self.printer}"\nbuild = "{self.build}"\n'
            f'profile = "{PROFILE}"\nmm_per_px = {mm_per_px}\n\n'
        )


TROUBLED = Build(
    printer="m290",
    build="turbine-0417",
    layers=40,
    shown=25,
    stage=Stage.RECOAT,
    seed=7,
    options=(
        *("--defect-rate", "0.06"),
        *("--defect", "streak@21-27:recoat"),
        *("--defect", "debris@33:melt"),
        *("--defect", "spatter@39-40:melt"),
        *("--fault", "black@12:melt:b"),
    ),
)
SMOOTH = Build(
    printer="m400", build="bracket-12", layers=16, shown=16, stage=Stage.MELT, seed=3, options=("--defect-rate", "0")
)
BUILDS = (TROUBLED, SMOOTH)
