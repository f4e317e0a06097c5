"""What is told about simulated builds over their layers: `python -m bench.over_layers`; see docs/over-layers.md."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from layerwatch.events import Event, EventKind
from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.watch import BuildWatch

app = typer.Typer(help="Prints builds with known defects, inspects them with the starter, and counts what is told.")

STREAK = ("streak@5-9",)
BLIPS = ("pit@2", "debris@4:recoat", "spatter@6:melt", "super-elevation@8", "pit@10:melt")
EDGE = ("super-elevation@5-12",)
CASES = {"a streak over 5 layers": STREAK, "five single blips": BLIPS, "a raised edge over 8 layers": EDGE}
OF_PLACES = {EventKind.DEFECT_PERSISTS, EventKind.BUILD_AT_RISK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One build: its verdicts in the order of printing, and what was told about it."""

    verdicts: tuple[Verdict, ...]
    events: tuple[Event, ...]

    def first(self, kind: EventKind) -> int | None:
        """Return the layer of the first event of a kind."""
        return next((event.layer for event in self.events if event.kind is kind), None)


def watch_build(folder: Path, *, seed: int, defects: Sequence[str], layers: int, size: int) -> Watched:
    """Print one build without other defects, inspect it with the starter, and watch it over its layers."""
    pictures, found = folder / "pictures", folder / "found"
    chosen = [word for defect in defects for word in ("--defect", defect)]
    options = ["--layers", str(layers), "--size", str(size), "--seed", str(seed), "--defect-rate", "0", "--period", "0"]
    _run("simulator", "run", "--out", str(pictures), "--write", "plain", *options, *chosen)
    _run("worker", "inspect", str(pictures), "--profile", "nist-ammt", "--out", str(found), "--model", "models/starter")
    verdicts = [Verdict.from_json(path.read_bytes()) for path in found.glob("*/verdict.json")]
    verdicts.sort(key=lambda verdict: (verdict.layer, verdict.stage is Stage.MELT))
    watch = BuildWatch(RiskLimits())
    events = [event for verdict in verdicts for event in watch.see(verdict)]
    return Watched(verdicts=tuple(verdicts), events=tuple(events))


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise RuntimeError(done.stderr)


def draw(watched: Watched, file: Path) -> None:
    """Write a PNG: the defect area of each layer and stage, and when something was told."""
    import matplotlib as mpl  # noqa: PLC0415 - slow, and only needed for this

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for stage, colour, shift in ((Stage.RECOAT, "#0072B2", -0.2), (Stage.MELT, "#E69F00", 0.2)):
        of_stage = [verdict for verdict in watched.verdicts if verdict.stage is stage]
        areas = [sum(region.area_px for region in verdict.regions) for verdict in of_stage]
        axes.bar([verdict.layer + shift for verdict in of_stage], areas, 0.38, color=colour, label=f"defects, {stage}")
    top = axes.get_ylim()[1]
    for number, event in enumerate(watched.events):
        colour = "#C00000" if event.kind is EventKind.BUILD_AT_RISK else "#666666"
        height = top * (1.05 + 0.12 * number)
        axes.plot([event.layer] * 2, [0, height], color=colour, linewidth=1, linestyle=":")
        label, place = event.kind.value.replace("_", " "), (event.layer + 0.1, height)
        axes.annotate(label, place, color=colour, fontsize=8, va="center", backgroundcolor="white")
    axes.set_ylim(0, top * (1.15 + 0.12 * len(watched.events)))
    axes.set_xlim(0, watched.verdicts[-1].layer + 1)
    axes.set_xlabel("layer")
    axes.set_ylabel("area of all regions, px")
    axes.legend(loc="upper left", fontsize=8)
    figure.savefig(file, dpi=110)


@app.command()
def main(
    first: Annotated[int, typer.Option(min=1, help="Seed of the first build.")] = 1,
    builds: Annotated[int, typer.Option(min=1, help="Builds of each case.")] = 20,
    layers: Annotated[int, typer.Option(min=1, help="Layers of a build.")] = 14,
    size: Annotated[int, typer.Option(min=500, help="Side of a picture in pixels.")] = 800,
    plot: Annotated[Path | None, typer.Option(help="Write a PNG of the first build with a streak.")] = None,
) -> None:
    """Print how many builds were called at risk, and from which layer on."""
    table = Table(title=f"{builds} builds each, seeds {first} to {first + builds - 1}")
    for column in ("", "places told", "build at risk", "at the layer", "a layer rejected"):
        table.add_column(column, justify="right" if column else "left")
    for name, defects in CASES.items():
        seeds = track(range(first, first + builds), description=name, console=Console(stderr=True), transient=True)
        watched = [_watched(seed, defects, layers, size) for seed in seeds]
        if plot is not None and defects is STREAK:
            draw(watched[0], plot)
        at_risk = sorted(layer for one in watched if (layer := one.first(EventKind.BUILD_AT_RISK)) is not None)
        told = sum(any(event.kind in OF_PLACES for event in one.events) for one in watched)
        rejected = sum(any(verdict.decision is Decision.REJECT for verdict in one.verdicts) for one in watched)
        when = f"{at_risk[0]} to {at_risk[-1]}, median {at_risk[len(at_risk) // 2]}" if at_risk else ""
        table.add_row(name, str(told), str(len(at_risk)), when, str(rejected))
    Console(width=110).print(table)


def _watched(seed: int, defects: Sequence[str], layers: int, size: int) -> Watched:
    with tempfile.TemporaryDirectory(prefix="layerwatch-over-layers-") as folder:
        return watch_build(Path(folder), seed=seed, defects=defects, layers=layers, size=size)


if __name__ == "__main__":
    app()
