"""Layers that suffer from int8 stay in float32."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx as onnx_format  # noqa: E402
import torch  # noqa: E402
from onnx import numpy_helper  # noqa: E402

from layerwatch.errors import TrainingError  # noqa: E402
from layerwatch.layers import Stage  # noqa: E402
from layerwatch.vision.network import Inspectable, build_network  # noqa: E402
from trainer import calibration, sensitivity  # noqa: E402
from trainer.calibration import best_int8  # noqa: E402
from trainer.export import export_onnx  # noqa: E402
from trainer.quantize import Variant, quantizable  # noqa: E402
from trainer.sensitivity import most_sensitive  # noqa: E402
from trainer.sources import LayerFiles  # noqa: E402
from trainer.store import Sample  # noqa: E402

FEW = 4  # layers that are looked at, one after the other


@cache
def network() -> bytes:
    torch.manual_seed(0)
    return export_onnx(Inspectable(build_network(decoder_channels=(16, 16, 8, 8, 8))).eval())


def with_an_outlier(onnx: bytes, layer: str, *, before: str) -> bytes:
    """One weight of each filter a thousand times the others: eight bits have nothing left for these.

    It multiplies what the layer before never says: the network answers as if it were not there, and what other layers
    round away does not grow by it.
    """
    model = onnx_format.load_from_string(onnx)
    nodes = {node.name: node for node in model.graph.node}
    constants = {constant.name: constant for constant in model.graph.initializer}
    wide, silent = (constants[nodes[name].input[1]] for name in (layer, before))
    weights, filters = (numpy_helper.to_array(constant).copy() for constant in (wide, silent))
    weights.reshape(len(weights), -1)[:, 0] = 1000 * np.abs(weights).max()
    filters[0] = 0  # and its bias is zero: nothing was learned
    wide.CopyFrom(numpy_helper.from_array(weights, wide.name))
    silent.CopyFrom(numpy_helper.from_array(filters, silent.name))
    return bytes(model.SerializeToString())


def tiles(number: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(number)]


def test_the_ends_are_no_candidates_and_layers_can_be_left_out() -> None:
    every = quantizable(network(), Variant())

    assert len(every) > 50
    assert quantizable(network(), Variant(float_first=9)) == every[8:]
    assert quantizable(network(), Variant(float_also=tuple(every[:3]))) == every[3:]


def test_the_layer_that_eight_bits_are_too_few_for_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    names = quantizable(network(), Variant())[-FEW:]
    monkeypatch.setattr(sensitivity, "quantizable", lambda *_: names)

    ranked = most_sensitive(with_an_outlier(network(), names[2], before=names[1]), tiles(4), Variant())

    assert set(ranked) == set(names)
    assert ranked[0] == names[2]


def samples(folder: Path, number: int) -> list[Sample]:
    rng = np.random.default_rng(1)
    made = []
    for layer in range(number):
        kinds = np.zeros((64, 64), np.uint8)
        kinds[20:40, 20:40] = 1
        stem = folder / f"{layer}"
        np.save(f"{stem}-c.npy", rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
        np.save(f"{stem}-k.npy", kinds)
        files = LayerFiles(source=0, build="b", layer=layer, stage=Stage.RECOAT, pictures=(Path("a.png"),))
        made.append(Sample(files=files, channels=Path(f"{stem}-c.npy"), kinds=Path(f"{stem}-k.npy"), present=(1,)))
    return made


def test_where_int8_loses_too_much_layers_go_back_to_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = quantizable(network(), Variant())[:FEW]
    monkeypatch.setattr(sensitivity, "quantizable", lambda *_: names)
    monkeypatch.setattr(calibration, "VARIANTS", (Variant(),))
    monkeypatch.setattr(calibration, "SENSITIVE", (2,))
    monkeypatch.setattr(calibration, "ENOUGH", -1.0)
    said: list[str] = []

    made = best_int8(network(), samples(tmp_path, 4), samples(tmp_path, 4), seed=0, say=said.append)

    assert set(made.precisions) == {"minmax, first 1 in float32", "minmax, first 1 and 2 sensitive ones in float32"}
    assert "the layers that suffer most stay in float32" in said[1]


def test_nothing_is_published_where_the_engines_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "VARIANTS", (Variant(),))
    monkeypatch.setattr(calibration, "engines_differ", lambda *_: 0.2)
    said: list[str] = []

    with pytest.raises(TrainingError, match="differ on every int8 network"):
        best_int8(network(), samples(tmp_path, 2), samples(tmp_path, 2), seed=0, say=said.append)

    assert "left out, OpenVINO and ONNX Runtime differ by 0.2" in said[0]
