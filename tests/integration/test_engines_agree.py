"""One bundle, every engine: the same verdicts. The tolerances stand in docs/architecture.md."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.verdict import Decision, Verdict
from layerwatch.vision.self_test import probe_tile

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "models" / "starter"

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from layerwatch.vision.network import Decoder, Inspectable, build_network  # noqa: E402 - they need torch
from trainer.export import export_onnx  # noqa: E402
from worker.engines.torch_engine import TorchEngine  # noqa: E402

FLOAT32_STEPS = 2  # of 1/255 of a probability, at any pixel; 1 was measured
INT8_STEPS = 40  # likewise; 23 were measured: the libraries round the same int8 network differently
HALF_STEPS = 12  # likewise; 5 were measured on layers, 8 on the probe, which is noise
FLOAT32_IOU = 0.99  # of the masks of one layer set; 1.00 was measured
INT8_IOU = 0.95  # likewise; 0.975 was measured


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a worker says about one layer set."""

    verdict: Verdict
    mask: NDArray[np.bool_]
    probability: NDArray[np.int16]


Answers = dict[str, Answer]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Four small layer sets of a build that the starter was not trained on."""
    folder = tmp_path_factory.mktemp("build")
    options = ["--layers", "2", "--seed", "9001", "--size", "400", "--period", "0", "--write", "plain"]
    run("simulator", "run", "--out", str(folder / "b9001"), "--truth", str(folder / "truth"), *options)
    return sorted(map(str, (folder / "b9001").glob("*.PNG")))


@pytest.fixture(scope="module")
def reference(pictures: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    """What OpenVINO says, by precision."""
    return {
        precision: answers(pictures, tmp_path_factory.mktemp("openvino"), "openvino", precision)
        for precision in ("float32", "int8")
    }


def run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr


def answers(pictures: list[str], out: Path, backend: str, precision: str) -> Answers:
    how = ["--backend", backend, "--precision", precision, "--model", str(STARTER), "--probability"]
    run("worker", "inspect", *pictures, "--profile", "nist-ammt", "--out", str(out), *how)
    return {folder.name: read_answer(folder) for folder in sorted(out.iterdir())}


def read_answer(folder: Path) -> Answer:
    return Answer(
        verdict=Verdict.from_json((folder / "verdict.json").read_bytes()),
        mask=grey(folder / "mask.png") > 0,
        probability=grey(folder / "probability.png").astype(np.int16),
    )


def grey(path: Path) -> NDArray[Any]:
    picture: NDArray[Any] | None = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture


def likeness(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return the intersection over union of two masks, 1 where both are empty."""
    union = np.count_nonzero(one | other)
    return float(np.count_nonzero(one & other) / union) if union else 1.0


@pytest.mark.parametrize(
    ("backend", "precision", "steps", "iou"),
    [
        ("onnxruntime-cpu", "float32", FLOAT32_STEPS, FLOAT32_IOU),
        ("torch-cpu", "float32", FLOAT32_STEPS, FLOAT32_IOU),
        ("onnxruntime-cpu", "int8", INT8_STEPS, INT8_IOU),
    ],
)
def test_every_engine_says_what_openvino_says(  # noqa: PLR0917 - one row of the table
    backend: str,
    precision: str,
    steps: int,
    iou: float,
    pictures: list[str],
    reference: dict[str, Answers],
    tmp_path: Path,
) -> None:
    expected = reference[precision]

    actual = answers(pictures, tmp_path, backend, precision)

    assert len(expected) == 4
    assert actual.keys() == expected.keys()
    for key, answer in actual.items():
        assert answer.verdict.decision == expected[key].verdict.decision, key
        assert np.abs(answer.probability - expected[key].probability).max() <= steps, key
        assert likeness(answer.mask, expected[key].mask) >= iou, key
    facts = {answer.verdict.model.backend for answer in actual.values() if answer.verdict.model}
    assert facts == {backend}


def test_the_layers_show_something_to_disagree_about(reference: dict[str, Answers]) -> None:
    decisions = {answer.verdict.decision for answer in reference["float32"].values()}

    assert decisions == {Decision.PASS, Decision.REVIEW, Decision.REJECT}


def test_half_precision_as_on_gpus_changes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    content, tile = (STARTER / "float32.onnx").read_bytes(), probe_tile(64)
    engine = TorchEngine(content, backend="torch-cpu", threads=2, bundle="starter")
    exact = engine.infer(tile)

    monkeypatch.setattr(engine, "half_precision", lambda: torch.autocast("cpu", dtype=torch.float16))
    half = engine.infer(tile)

    assert half.dtype == np.float32
    assert 0 < 255 * np.abs(half - exact).max() <= HALF_STEPS


CHANNELS = (16, 16, 8, 8, 8)


@pytest.mark.parametrize(
    ("decoder", "channels"),  # the starter is compact with five
    [("unet", CHANNELS), ("unetplusplus", CHANNELS), ("linknet", CHANNELS), ("compact", CHANNELS[:4])],
)
def test_torch_runs_what_the_trainer_exports(decoder: Decoder, channels: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = Inspectable(build_network(decoder=decoder, decoder_channels=channels)).eval()
    tiles = np.random.default_rng(0).integers(0, 256, (1, 32, 64, 3), dtype=np.uint8)

    answer = TorchEngine(export_onnx(model), backend="torch-cpu", threads=2, bundle="new").infer(tiles)

    with torch.inference_mode():
        assert np.abs(answer - model(torch.from_numpy(tiles)).numpy()).max() < 1e-5
