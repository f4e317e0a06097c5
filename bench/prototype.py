"""The prototypes' way, to compare with: the full U-Net in torch, eager, float32, beside our int8 file in one run."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

SIDE = 512
RUNS = 15


def time_tile(bundle: Path) -> dict[str, float] | None:
    """Return median milliseconds for one 512x512x3 tile by engine, or None where torch is not installed."""
    try:
        import segmentation_models_pytorch as smp  # noqa: PLC0415 - seconds to import, and not there in a light install
        import torch  # noqa: PLC0415
    except ImportError:
        return None
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
    return {name: _milliseconds(run) for name, run in engines.items()}


def _milliseconds(run: Callable[[], object]) -> float:
    seconds = []
    for _ in range(RUNS + 2):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return 1000 * median(seconds[2:])


if __name__ == "__main__":
    sys.stdout.write(f"{time_tile(Path('models/starter'))}\n")
