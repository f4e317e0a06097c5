"""Every way to run one network side by side: how large, how fast, how good."""

import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table
from torch import nn

from layerwatch.vision.network import Inspectable
from trainer.calibration import compared_precision
from trainer.engines import Probabilities, onnxruntime_engine, openvino_engine
from trainer.recipe import Recipe
from trainer.setup import new_network
from trainer.store import Sample
from trainer.warm_start import load_trained

FLOAT32: Final = "float32.onnx"
SAFETENSORS: Final = "float32.safetensors"
SIDE: Final = 512  # px of the timed tile
ROUNDS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to run the network.

    Attributes:
        megabytes: of its weights on the disk.
        milliseconds: median for one tile of SIDE x SIDE.
        average_precision: of the pixels on validation tiles at the working scale, 0..1.
    """

    name: str
    megabytes: float
    milliseconds: float
    average_precision: float


def compare(bundle: Path, int8: bytes, recipe: Recipe, samples: Sequence[Sample], *, threads: int) -> list[Way]:
    """Return all ways, timed in turns in one run, so that their ratios hold on a noisy machine too."""
    torch.set_num_threads(threads)
    onnx = (bundle / FLOAT32).read_bytes()
    engines = torch_engines(bundle, recipe) | {
        "OpenVINO, float32": (openvino_engine(onnx, threads=threads), len(onnx)),
        "OpenVINO, static int8": (openvino_engine(int8, threads=threads), len(int8)),
        "ONNX Runtime, float32": (onnxruntime_engine(onnx, threads=threads), len(onnx)),
        "ONNX Runtime, static int8": (onnxruntime_engine(int8, threads=threads), len(int8)),
    }
    times = time_in_turns({name: engine for name, (engine, _) in engines.items()})
    return [
        Way(
            name=name,
            megabytes=size / 1e6,
            milliseconds=1000 * times[name],
            average_precision=compared_precision(engine, samples),
        )
        for name, (engine, size) in engines.items()
    ]


def torch_engines(bundle: Path, recipe: Recipe) -> dict[str, tuple[Probabilities, int]]:
    """Return torch as it is and with dynamic int8, which knows no convolutions and so changes nothing here."""
    network = new_network(recipe)
    weights = bundle / SAFETENSORS
    load_trained(
        network, weights if weights.is_file() else bundle / FLOAT32, torch.zeros((1, 64, 64, 3), dtype=torch.uint8)
    )
    eager = Inspectable(network).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is going to go one day; it is here to be compared with
        quantize: Any = torch.ao.quantization.quantize_dynamic
        dynamic: nn.Module = quantize(eager, {nn.Linear, nn.Conv2d}, dtype=torch.qint8)
    return {
        "torch eager, float32": (torch_engine(eager), _size(eager)),
        "torch eager, dynamic int8": (torch_engine(dynamic), _size(dynamic)),
    }


def time_in_turns(
    engines: Mapping[str, Callable[[NDArray[np.uint8]], object]], *, rounds: int = ROUNDS
) -> dict[str, float]:
    """Return the median seconds of each engine for one tile, all of them in turn, so that a busy moment hits all.

    The first of two calls is not timed: the threads of the engine before may still spin, waiting for work.
    """
    tile = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8)
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, engine in engines.items():
            engine(tile)
            started = time.perf_counter()
            engine(tile)
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def as_table(ways: Sequence[Way]) -> Table:
    """Return the ways with their ratios to the first."""
    table = Table(title=f"one tile of {SIDE} x {SIDE}, medians of {ROUNDS} in turns")
    for column in ("", "MB", "of the first", "ms", "times as fast", "average precision"):
        table.add_column(column, justify="left" if not column else "right")
    first = ways[0]
    for way in ways:
        table.add_row(
            way.name,
            f"{way.megabytes:.1f}",
            f"{way.megabytes / first.megabytes:.3f}",
            f"{way.milliseconds:.0f}",
            f"{first.milliseconds / way.milliseconds:.2f}",
            f"{way.average_precision:.4f}",
        )
    return table


def torch_engine(model: nn.Module) -> Probabilities:
    """Return a network of torch as it is, a function of tiles; see `Inspectable`."""

    def run(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(model(torch.from_numpy(tiles)).numpy(), np.float32)

    return run


def _size(model: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in model.state_dict().values())
