"""What only torch does: it runs the steps of the ONNX file itself."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layerwatch.errors import BundleCorruptError

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from worker.engines.onnx_graph import read_graph  # noqa: E402 - it needs onnx
from worker.engines.torch_engine import TorchEngine  # noqa: E402 - it needs torch


@pytest.fixture
def network(tiny_bundle: Path) -> Any:  # noqa: ANN401 - onnx has no types
    return onnx.load(tiny_bundle / "float32.onnx")


def engine(network: Any) -> TorchEngine:  # noqa: ANN401
    return TorchEngine(network.SerializeToString(), backend="torch-cpu", threads=2, bundle="tiny/1")


def test_it_takes_the_threads_it_is_given(network: Any) -> None:  # noqa: ANN401
    engine(network)

    assert torch.get_num_threads() == 2


def test_an_operator_that_torch_does_not_run_is_named(network: Any) -> None:  # noqa: ANN401
    network.graph.node[-1].op_type = "HardSigmoid"

    with pytest.raises(BundleCorruptError, match="torch runs no HardSigmoid of ONNX here; set WORKER_BACKEND=openvino"):
        engine(network)


def test_numbers_outside_the_file_that_was_checked_are_not_read(network: Any, tmp_path: Path) -> None:  # noqa: ANN401
    (tmp_path / "elsewhere").write_bytes(np.array(1.0, np.float32).tobytes())
    level = network.graph.initializer[1]
    level.ClearField("raw_data")
    level.data_location = onnx.TensorProto.EXTERNAL
    level.external_data.add(key="location", value=str(tmp_path / "elsewhere"))

    with pytest.raises(BundleCorruptError, match="lies in another file"):
        engine(network)


def test_what_no_later_step_needs_is_let_go(network: Any) -> None:  # noqa: ANN401
    steps = read_graph(network.SerializeToString()).steps

    assert [step.spent for step in steps] == [("tiles",), ("pixels",), ("mean",), ("above",)]


def test_half_precision_is_for_gpus(network: Any) -> None:  # noqa: ANN401
    processor, graphics = engine(network), engine(network)
    graphics.device = torch.device("cuda")

    assert not torch.is_autocast_enabled("cpu")
    with processor.half_precision():
        assert not torch.is_autocast_enabled("cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without such a device torch warns and leaves it off
        context = graphics.half_precision()
    assert (context.device, context.fast_dtype) == ("cuda", torch.float16)
