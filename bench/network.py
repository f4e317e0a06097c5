"""What a network costs by its shape: all of them in turns in one run, beside the full U-Net in torch eager.

The weights are random, as they change no time. What each finds comes from `trainer evaluate --json`.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from layerwatch.cli import run_app
from layerwatch.vision.network import Decoder, Inspectable, build_network
from trainer.comparison import SIDE, time_in_turns, torch_engine
from trainer.engines import openvino_engine
from trainer.export import export_onnx
from trainer.quantize import Variant, quantize

SHAPES: Mapping[str, tuple[Decoder, tuple[int, ...]]] = {
    "full U-Net": ("unet", (256, 128, 64, 32, 16)),
    "slim U-Net": ("unet", (144, 96, 48, 32, 16)),
    "compact": ("compact", (144, 96, 48, 32, 16)),
    "compact, half": ("compact", (144, 96, 48, 32)),
    "compact, half, slim": ("compact", (96, 64, 32, 24)),
    "LinkNet": ("linknet", ()),
}
EAGER = "full U-Net, torch eager"
AS_SERVED = Variant(float_first=9, method="percentile")
app = typer.Typer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one shape costs; times are of one tile, in milliseconds."""

    name: str
    gflop: float
    parameters: int
    int8_bytes: int
    float32_ms: float
    int8_ms: float
    eager_ms: float


def measure_costs(names: Sequence[str], rounds: int, threads: int) -> list[Cost]:
    """Return what each shape costs, timed in turns."""
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    networks = {name: _network(name) for name in names}
    files = {name: _files(network) for name, network in networks.items()}
    engines: dict[str, Any] = {EAGER: torch_engine(Inspectable(_network("full U-Net")))}
    for name, (float32, int8) in files.items():
        engines[f"{name} float32"] = openvino_engine(float32, threads=threads)
        engines[f"{name} int8"] = openvino_engine(int8, threads=threads)
    times = time_in_turns(engines, rounds=rounds)
    return [
        Cost(
            name=name,
            gflop=_gflop(network),
            parameters=sum(value.numel() for value in network.parameters()),
            int8_bytes=len(files[name][1]),
            float32_ms=1000 * times[f"{name} float32"],
            int8_ms=1000 * times[f"{name} int8"],
            eager_ms=1000 * times[EAGER],
        )
        for name, network in networks.items()
    ]


def _network(name: str) -> nn.Module:
    decoder, channels = SHAPES[name]
    return build_network(decoder=decoder, decoder_channels=channels).eval()


def _files(network: nn.Module) -> tuple[bytes, bytes]:
    rng = np.random.default_rng(0)
    onnx = export_onnx(Inspectable(network))
    return onnx, quantize(onnx, list(rng.integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)), AS_SERVED)


def _gflop(network: nn.Module) -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, SIDE, SIDE))
    return float(counter.get_total_flops()) / 1e9


def found_by(evaluations: Sequence[str]) -> dict[str, float]:
    """Return the int8 pixel recall at equal precision of each shape, the mean of its files; NAME=FILE each."""
    recalls: dict[str, list[float]] = {}
    for evaluation in evaluations:
        name, _, file = evaluation.partition("=")
        recalls.setdefault(name, []).append(json.loads(Path(file).read_text())["equal_precision"]["recalls"]["int8"])
    return {name: float(np.mean(values)) for name, values in recalls.items()}


def draw(costs: Sequence[Cost], found: Mapping[str, float], file: Path) -> None:
    """Write a PNG: how fast against how much is found; what was only timed lies on the lower edge."""
    import matplotlib as mpl  # noqa: PLC0415 - slow, and only needed for this

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    lowest = min(found.values(), default=0.9) - 0.012
    for number, cost in enumerate(costs):
        known = cost.name in found
        place, label = (cost.eager_ms / cost.int8_ms, found.get(cost.name, lowest)), (0, -15 if number % 2 else 9)
        axes.plot(*place, "o", color="#0072B2" if known else "#9A9A9A", markersize=8 if known else 5)
        axes.annotate(cost.name, place, xytext=label, textcoords="offset points", ha="center", fontsize=8)
    axes.axhline(lowest + 0.006, color="#9A9A9A", linewidth=0.8, linestyle="--")
    axes.annotate("below: timed only", (0.01, lowest + 0.0065), xycoords=("axes fraction", "data"), fontsize=7)
    axes.margins(x=0.12, y=0.12)
    axes.set_xlabel("int8 in OpenVINO, times as fast as the full U-Net in torch eager")
    axes.set_ylabel("pixel recall at equal precision")
    axes.grid(alpha=0.3)
    figure.savefig(file, dpi=110)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="Turns; the median counts.")] = 15,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help="Leave the others out.")] = None,
    found: Annotated[list[str] | None, typer.Option(help="NAME=FILE, as `trainer evaluate --json` wrote it.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a PNG of speed against recall.")] = None,
) -> None:
    """Print what each shape of the network costs."""
    costs, recalls = measure_costs(only or [*SHAPES], rounds, threads), found_by(found or [])
    table = Table(title=f"one tile of {SIDE} x {SIDE}, medians of {rounds} turns, {threads} threads")
    for column in ("", "GFLOP", "M weights", "int8, MB", "float32, ms", "int8, ms", "times as fast", "recall"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row(EAGER, "", "", "", f"{costs[0].eager_ms:.0f}", "", "1.00", "")
    for cost in costs:
        numbers = (cost.gflop, cost.parameters / 1e6, cost.int8_bytes / 1e6, cost.float32_ms, cost.int8_ms)
        recall = f"{recalls[cost.name]:.4f}" if cost.name in recalls else ""
        table.add_row(cost.name, *(f"{one:.1f}" for one in numbers), f"{cost.eager_ms / cost.int8_ms:.2f}", recall)
    Console(width=110).print(table)
    if plot is not None:
        draw(costs, recalls, plot)


if __name__ == "__main__":
    sys.exit(run_app(app))
