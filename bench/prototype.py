"""The prototypes' way, to compare with: the full U-Net in torch, eager, float32, beside our files in one run."""

from importlib.util import find_spec
from pathlib import Path

from bench.page import Figures
from layerwatch.bundle import load_manifest

THREADS = 2
ROUNDS = 15


def time_tile(bundle: Path) -> dict[str, float]:
    """Return median milliseconds for one tile of 512 x 512 x 3 by engine, nothing where torch is not installed."""
    if find_spec("torch") is None:
        return {}
    import torch  # noqa: PLC0415 - seconds to import, and not there in a light install

    from layerwatch.vision.network import Inspectable, build_network  # noqa: PLC0415 - needs torch
    from trainer.comparison import time_in_turns, torch_engine  # noqa: PLC0415
    from trainer.engines import openvino_engine  # noqa: PLC0415

    torch.set_num_threads(THREADS)
    engines = {
        f"starter, OpenVINO {precision}": openvino_engine((bundle / f"{precision}.onnx").read_bytes(), threads=THREADS)
        for precision in ("int8", "float32")
    }
    engines["full U-Net, torch eager float32"] = torch_engine(Inspectable(build_network()).eval())
    return {name: 1000 * seconds for name, seconds in time_in_turns(engines, rounds=ROUNDS).items()}


def network_figures(bundle: Path) -> Figures:
    """Return one row for each engine, the fastest first, and the sizes of the files."""
    milliseconds = time_tile(bundle)
    slowest = max(milliseconds.values(), default=0.0)
    small, large = ((bundle / f"{precision}.onnx").stat().st_size / 1e6 for precision in ("int8", "float32"))
    missing = "" if milliseconds else " torch is not installed: nothing to compare with."
    return Figures(
        title="The network",
        command="python -m bench --only network",
        columns=(f"one tile of 512 x 512 x 3, {THREADS} threads", "ms", "times as fast"),
        rows=tuple(
            (name, f"{value:.0f}", f"{slowest / value:.1f}")
            for name, value in sorted(milliseconds.items(), key=lambda item: item[1])
        ),
        note=(
            f"Bundle {load_manifest(bundle).id}: int8.onnx {small:.1f} MB, {small / large:.3f} of float32.onnx "
            f"{large:.1f} MB. The budget is 5 times as fast in int8.{missing}"
        ),
    )
