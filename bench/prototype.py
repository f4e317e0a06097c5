"""The prototypes' way, to compare with: the full U-Net in torch, eager, float32, beside our files in one run."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from bench.page import Figures
from layerwatch.bundle import load_manifest

SIDE = 512
RUNS = 15


def time_tile(bundle: Path) -> dict[str, float]:
    """Return median milliseconds for one 512x512x3 tile by engine, nothing where torch is not installed."""
    try:
        import segmentation_models_pytorch as smp  # noqa: PLC0415 - seconds to import, and not there in a light install
        import torch  # noqa: PLC0415
    except ImportError:
        return {}
    import numpy as np  # noqa: PLC0415
    import openvino as ov  # noqa: PLC0415

    tile = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8)
    torch.set_num_threads(2)
    network = smp.Unet("mobilenet_v2", encoder_weights=None, in_channels=3, classes=1).eval()
    floats = torch.from_numpy(tile).permute(0, 3, 1, 2).float() / 255
    core = ov.Core()
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": "f32"}
    engines: dict[str, Callable[[], object]] = {}
    for precision in ("float32", "int8"):
        request = core.compile_model(
            core.read_model(bundle / f"{precision}.onnx"), "CPU", config
        ).create_infer_request()
        engines[f"starter, OpenVINO {precision}"] = lambda request=request: request.infer([tile])  # type: ignore[misc]

    def eager() -> object:
        with torch.inference_mode():
            return network(floats)

    engines["full U-Net, torch eager float32"] = eager
    return _milliseconds(engines)


def network_figures(bundle: Path) -> Figures:
    """Return one row for each engine, the fastest first, and the sizes of the files."""
    milliseconds = time_tile(bundle)
    slowest = max(milliseconds.values(), default=0.0)
    small, large = ((bundle / f"{precision}.onnx").stat().st_size / 1e6 for precision in ("int8", "float32"))
    missing = "" if milliseconds else " torch is not installed: nothing to compare with."
    return Figures(
        title="The network",
        command="python -m bench --only network",
        columns=("one tile of 512 x 512 x 3, 2 threads", "ms", "times as fast"),
        rows=tuple(
            (name, f"{value:.0f}", f"{slowest / value:.1f}")
            for name, value in sorted(milliseconds.items(), key=lambda item: item[1])
        ),
        note=(
            f"Bundle {load_manifest(bundle).id}: int8.onnx {small:.1f} MB, {small / large:.3f} of float32.onnx "
            f"{large:.1f} MB. The budget is 5 times as fast in int8.{missing}"
        ),
    )


def _milliseconds(engines: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median of each, all of them in turn in each round, so that a busy moment hits them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(RUNS + 2):
        for name, run in engines.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return {name: 1000 * median(times[2:]) for name, times in seconds.items()}
