import io

import numpy as np
import pytest

from layerwatch.errors import TrainingError
from trainer.average import average_weights

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402 - they need onnx


def network(kernel: float, bias: float, *, channels: int = 2, quantized: bool = False) -> bytes:
    """One convolution of 1 x 1 whose kernel and bias are the same everywhere."""
    weights = [
        numpy_helper.from_array(np.full((channels, 3, 1, 1), kernel, np.float32), "other" if quantized else "kernel"),
        numpy_helper.from_array(np.full(channels, bias, np.float32), "bias"),
    ]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "kernel", "bias"], ["y"])],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels, 4, 4])],
        weights,
    )
    file = io.BytesIO()
    onnx.save(helper.make_model(graph), file)
    return file.getvalue()


def values(content: bytes) -> tuple[float, float]:
    kernel, bias = onnx.load_from_string(content).graph.initializer
    return float(numpy_helper.to_array(kernel).mean()), float(numpy_helper.to_array(bias).mean())


def test_kernels_and_biases_are_the_mean_of_all_networks() -> None:
    assert values(average_weights([network(1, 10), network(2, 20), network(6, 0)])) == (3, 10)


def test_one_network_alone_stays_as_it_is() -> None:
    assert average_weights([network(1, 10)]) == network(1, 10)


def test_networks_of_other_channels_are_refused() -> None:
    with pytest.raises(TrainingError, match="same decoder and channels"):
        average_weights([network(1, 1), network(1, 1, channels=4)])


def test_a_network_without_weights_of_its_own_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"float32\.onnx"):
        average_weights([network(1, 1), network(1, 1, quantized=True)])


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(TrainingError, match="not an ONNX file"):
        average_weights([network(1, 1), b"\xff\xff\xff"])
