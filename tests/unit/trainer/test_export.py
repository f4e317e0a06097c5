import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from layerwatch.errors import TrainingError

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch  # noqa: E402

from layerwatch.vision.network import Decoder, Inspectable, build_network  # noqa: E402 - they need torch
from trainer.engines import onnxruntime_engine, openvino_engine, segmenter  # noqa: E402
from trainer.export import check_export, engines_differ, export_onnx  # noqa: E402
from trainer.quantize import Variant, compact, quantize  # noqa: E402


@cache
def tiny() -> tuple[Inspectable, bytes]:
    torch.manual_seed(0)
    model = Inspectable(build_network(decoder_channels=(16, 16, 8, 8, 8))).eval()
    return model, export_onnx(model)


def tiles(number: int, seed: int = 0) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (64, 96, 3), dtype=np.uint8) for _ in range(number)]


def test_the_file_gives_what_torch_gives_in_both_engines_at_any_size() -> None:
    model, onnx = tiny()

    assert check_export(model, onnx, [np.stack(tiles(3)), np.zeros((1, 32, 32, 3), np.uint8)]) < 1e-4


@pytest.mark.parametrize(
    ("decoder", "channels"),
    [
        ("unetplusplus", (16, 16, 8, 8, 8)),
        ("linknet", ()),
        ("compact", (16, 16, 8, 8, 8)),
        ("compact", (16, 16, 8, 8)),
    ],
)
def test_other_decoders_give_the_same_in_both_engines_too(decoder: Decoder, channels: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = Inspectable(build_network(decoder=decoder, decoder_channels=channels)).eval()

    onnx = export_onnx(model)

    assert check_export(model, onnx, [np.stack(tiles(3)), np.zeros((1, 32, 32, 3), np.uint8)]) < 1e-4


def test_a_file_of_another_network_is_noticed() -> None:
    _, onnx = tiny()
    torch.manual_seed(1)
    other = Inspectable(build_network(decoder_channels=(16, 16, 8, 8, 8))).eval()

    with pytest.raises(TrainingError, match="differ from torch's by"):
        check_export(other, onnx, [])


@pytest.mark.parametrize("method", ["minmax", "nncf"])
def test_int8_is_close_to_float32_small_and_loads_in_both_engines(method: str) -> None:
    _, onnx = tiny()

    int8 = quantize(onnx, tiles(4), Variant(method=method))

    seen = np.stack(tiles(2, seed=5))
    expected = openvino_engine(onnx)(seen)
    in_openvino, in_onnxruntime = openvino_engine(int8)(seen), onnxruntime_engine(int8)(seen)
    assert np.abs(in_openvino - expected).mean() < 0.1
    assert engines_differ(int8, [seen]) == pytest.approx(np.abs(in_openvino - in_onnxruntime).mean(), abs=1e-6)
    assert np.abs(in_openvino - in_onnxruntime).mean() < (0.02 if method == "minmax" else 0.1)
    assert np.abs(in_onnxruntime - expected).mean() < 0.1
    assert len(int8) < 0.32 * len(onnx)  # a tiny decoder; the real one reaches 0.27


def test_a_compact_network_as_int8_is_close_to_float32_in_both_engines() -> None:
    torch.manual_seed(0)
    model = Inspectable(build_network(decoder="compact", decoder_channels=(16, 16, 8, 8))).eval()
    onnx = export_onnx(model)

    int8 = quantize(onnx, tiles(4), Variant(float_first=9, method="percentile"))

    seen = np.stack(tiles(2, seed=5))
    expected = openvino_engine(onnx)(seen)
    assert np.abs(openvino_engine(int8)(seen) - expected).mean() < 0.1
    assert engines_differ(int8, [seen]) < 0.02


def test_no_size_in_the_file_is_worked_out_from_a_shape() -> None:
    import onnx as onnx_format  # noqa: PLC0415

    nodes = onnx_format.load_from_string(tiny()[1]).graph.node

    assert sum(node.op_type == "Resize" for node in nodes) == 5
    assert "Shape" not in {node.op_type for node in nodes}


def test_every_tile_counts_in_calibration_however_many_there_are() -> None:
    _, onnx = tiny()
    few, bright = [np.zeros((32, 32, 3), np.uint8)] * 17, np.full((32, 32, 3), 255, np.uint8)

    dark = quantize(onnx, few[:16], Variant())
    mixed = quantize(onnx, [bright, *few[:15]], Variant())

    assert dark != mixed


def test_compacting_changes_no_answer() -> None:
    _, onnx = tiny()
    seen = np.stack(tiles(1))

    assert np.array_equal(onnxruntime_engine(compact(onnx))(seen), onnxruntime_engine(onnx)(seen))


def test_a_segmenter_rounds_probabilities_to_255ths() -> None:
    segment = segmenter(lambda seen: np.full(seen.shape[:3], 0.5, np.float32))

    assert np.unique(segment(np.zeros((1, 4, 4, 3), np.uint8))).tolist() == [128]


def test_quantizing_reports_to_nobody() -> None:
    code = (
        "import sys\n"
        "from trainer.quantize_nncf import quantize_by_nncf\n"
        "try:\n    quantize_by_nncf(b'', [], float_nodes=[])\n"
        "except Exception:\n    pass\n"
        "import nncf.telemetry.wrapper as wrapper\n"
        "print(type(wrapper.telemetry).__name__, sys.modules['openvino_telemetry'])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["MagicMock", "None"]
