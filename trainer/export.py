"""The trained network as an ONNX file, checked in both engines that serve it."""

import io
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from layerwatch.vision.network import Inspectable
from trainer.engines import Probabilities, onnxruntime_engine, openvino_engine

OPSET = 17
TOLERANCE = 1e-3  # of a probability; the operating point cares for steps of 1/255


def export_onnx(model: Inspectable) -> bytes:
    """Return the network as ONNX: `tiles` uint8 (N, H, W, 3) -> `probability` float32 (N, H, W), all sizes free."""
    example = torch.zeros((2, 64, 96, 3), dtype=torch.uint8)
    file: Any = io.BytesIO()  # the annotation of torch knows paths only
    with warnings.catch_warnings():
        # The exporter by tracing is announced to go one day; its graph is the one that quantizes and loads fastest.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            (example,),
            file,
            input_names=["tiles"],
            output_names=["probability"],
            dynamic_axes={"tiles": {0: "n", 1: "height", 2: "width"}, "probability": {0: "n", 1: "height", 2: "width"}},
            opset_version=OPSET,
            dynamo=False,
        )
    content: bytes = file.getvalue()
    return content


def check_export(model: Inspectable, onnx: bytes, real: Iterable[NDArray[np.uint8]]) -> float:
    """Return the largest difference of a probability between torch and both engines, on random and real tiles.

    Raises:
        TrainingError: it is larger than TOLERANCE.
    """
    rng = np.random.default_rng(0)
    random = (rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((2, 64, 96, 3), (1, 160, 32, 3)))
    engines = {"OpenVINO": openvino_engine(onnx), "ONNX Runtime": onnxruntime_engine(onnx)}
    worst = 0.0
    for tiles in (*random, *real):
        with torch.inference_mode():
            expected = model(torch.from_numpy(tiles)).numpy()
        worst = max(worst, *(_difference(name, engine, tiles, expected) for name, engine in engines.items()))
    return worst


def _difference(name: str, engine: Probabilities, tiles: NDArray[np.uint8], expected: NDArray[np.float32]) -> float:
    difference = float(np.abs(engine(tiles) - expected).max())
    if not difference <= TOLERANCE:
        raise TrainingError(f"{name} gives probabilities that differ from torch's by {difference:.2g}")
    return difference
