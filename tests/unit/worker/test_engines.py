"""Every engine that runs on a processor, with a model small enough to know its answers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.errors import BundleCorruptError, SettingsError
from worker.engines.loading import load_engine
from worker.engines.onnxruntime_engine import OnnxRuntimeEngine, providers
from worker.engines.openvino_engine import KEPT_SHAPES, OpenVinoEngine
from worker.engines.port import Backend, Engine
from worker.engines.serving import MOST_PX, EngineSegmenter

EVERY = [
    pytest.param("openvino", id="openvino"),
    pytest.param("onnxruntime-cpu", id="onnxruntime"),
    pytest.param("torch-cpu", id="torch", marks=pytest.mark.torch),
]
every_engine = pytest.mark.parametrize("backend", EVERY)


def load(backend: Backend, model: bytes) -> Engine:
    pytest.importorskip(backend.partition("-")[0])
    return load_engine(backend, model, precision="float32", threads=1, bundle="tiny/1")


@pytest.fixture
def model(tiny_bundle: Path) -> bytes:
    return (tiny_bundle / "float32.onnx").read_bytes()


@every_engine
def test_probabilities_come_as_bytes_rounded(backend: Backend, model: bytes) -> None:
    tiles = np.zeros((3, 32, 64, 3), np.uint8)
    tiles[0, 3, 4] = 255
    tiles[1] = 200
    tiles[2] = 201

    answer = EngineSegmenter(load(backend, model), bundle="tiny/1")(tiles)

    assert answer.shape == (3, 32, 64)
    assert answer.dtype == np.uint8
    assert answer[0, 3, 4] == 255
    assert np.count_nonzero(answer[0]) == 1
    assert np.isin(answer[1], (127, 128)).all()  # half of 255 lies between
    assert (answer[2] == round(255 / (1 + np.exp(-1)))).all()


@every_engine
def test_answers_stay_when_the_next_tiles_are_asked(backend: Backend, model: bytes) -> None:
    segmenter = EngineSegmenter(load(backend, model), bundle="tiny/1")
    bright = segmenter(np.full((1, 32, 32, 3), 255, np.uint8))

    segmenter(np.zeros((1, 32, 32, 3), np.uint8))

    assert (bright == 255).all()


@every_engine
def test_several_tiles_at_once_give_what_they_give_one_by_one(backend: Backend, model: bytes) -> None:
    engine = load(backend, model)
    tiles = np.random.default_rng(0).integers(150, 250, (5, 32, 64, 3), dtype=np.uint8)

    together = engine.infer(tiles).copy()

    assert np.allclose(together, np.concatenate([engine.infer(tile[None]).copy() for tile in tiles]), atol=1e-5)


@every_engine
def test_an_engine_says_its_name_and_passes_its_self_test(backend: Backend, model: bytes) -> None:
    engine = load(backend, model)

    EngineSegmenter(engine, bundle="tiny/1").self_test(64)

    assert engine.backend == backend


@every_engine
@pytest.mark.parametrize("content", [b"not a network", b""])
def test_what_is_no_network_is_refused(backend: Backend, content: bytes) -> None:
    with pytest.raises(BundleCorruptError, match="tiny/1"):
        load(backend, content)


@every_engine
def test_a_network_with_other_names_is_refused(backend: Backend, model: bytes) -> None:
    onnx = pytest.importorskip("onnx")
    network = onnx.load_from_string(model)
    network.graph.input[0].name = "images"
    network.graph.node[0].input[0] = "images"

    with pytest.raises(BundleCorruptError, match="tiny/1"):
        load(backend, network.SerializeToString())


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (np.full((1, 64, 64), 3.5, np.float32), "expected probabilities"),
        (np.full((1, 64, 64), np.nan, np.float32), "not finite"),
        (np.zeros((1, 32, 32), np.float32), "expected"),
    ],
)
def test_a_network_that_gives_no_probabilities_fails_its_self_test(
    wrong: NDArray[np.float32], problem: str, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load("openvino", model)
    monkeypatch.setattr(engine, "infer", lambda _: wrong)

    with pytest.raises(BundleCorruptError, match=problem):
        EngineSegmenter(engine, bundle="tiny/1").self_test(64)


@every_engine
def test_what_a_library_says_when_it_fails_is_told(backend: Backend, model: bytes) -> None:
    engine = load(backend, model)

    with pytest.raises(RuntimeError, match=r"\w"):
        engine.infer(np.zeros((1, 32, 32, 2), np.uint8)[..., 0])


class Counting:
    """An engine that notes how many tiles come at once."""

    backend: Backend = "torch-cuda"
    tiles_at_once = 8

    def __init__(self) -> None:
        self.seen: list[int] = []

    def infer(self, tiles: NDArray[np.uint8], /) -> NDArray[np.float32]:
        self.seen.append(len(tiles))
        return np.divide(tiles[..., 0], 255, dtype=np.float32)


def test_an_engine_gets_no_more_tiles_at_once_than_it_takes() -> None:
    engine = Counting()
    tiles = np.random.default_rng(0).integers(0, 256, (19, 32, 32, 3), dtype=np.uint8)

    answer = EngineSegmenter(engine, bundle="tiny/1")(tiles)

    assert engine.seen == [8, 8, 3]
    assert (answer == tiles[..., 0]).all()


def test_large_tiles_come_in_smaller_numbers_so_that_memory_stays_bounded() -> None:
    engine = Counting()

    EngineSegmenter(engine, bundle="tiny/1")(np.zeros((3, 1024, 1600, 3), np.uint8))

    assert engine.seen == [2, 1]
    assert MOST_PX >= 2 * 1024 * 1600


def test_only_so_many_sizes_stay_compiled(model: bytes) -> None:
    engine = OpenVinoEngine(model, threads=1, bundle="tiny/1")

    for side in range(32, 32 * (KEPT_SHAPES + 3), 32):
        engine.infer(np.zeros((1, side, 32, 3), np.uint8))

    assert len(engine._requests) == KEPT_SHAPES


def test_gpu_providers_come_before_those_that_take_what_they_cannot_run() -> None:
    names = [name for name, _ in providers("onnxruntime-tensorrt", int8=True)]

    assert names == ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    assert [name for name, _ in providers("onnxruntime-cuda")] == names[1:]
    assert [name for name, _ in providers("onnxruntime-cpu")] == names[2:]
    assert providers("onnxruntime-tensorrt", int8=True)[0][1] == {"trt_fp16_enable": True, "trt_int8_enable": True}


@pytest.mark.parametrize("backend", ["onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_onnxruntime_does_not_fall_back_to_the_processor_without_a_word(backend: Backend, model: bytes) -> None:
    wanted = providers(backend)[0][0]
    if wanted in pytest.importorskip("onnxruntime").get_available_providers():
        pytest.skip(f"this ONNX Runtime has {wanted}")

    with pytest.raises(SettingsError, match=f"cannot use {wanted} here.*WORKER_BACKEND=openvino"):
        OnnxRuntimeEngine(model, backend=backend, threads=1, bundle="tiny/1")


def test_onnxruntime_takes_the_threads_it_is_given_and_does_not_spin(model: bytes) -> None:
    pytest.importorskip("onnxruntime")

    options = OnnxRuntimeEngine(
        model, backend="onnxruntime-cpu", threads=3, bundle="tiny/1"
    )._session.get_session_options()

    assert options.intra_op_num_threads == 3
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_a_signal_is_survived_after_another_thread_dropped_the_first_network(tiny_bundle: Path) -> None:
    program = (
        "import signal, sys, threading\n"
        "from pathlib import Path\n"
        "from worker.model import load_model\n"
        "load = lambda: load_model(Path(sys.argv[1]), precision='int8', threads=1)\n"
        "models = [load()]\n"
        "thread = threading.Thread(target=lambda: models.append(load()) or models.pop(0))\n"
        "thread.start(); thread.join()\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('heard'))\n"
        "signal.raise_signal(signal.SIGTERM)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(tiny_bundle)], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "heard"), done.stderr
