"""The trainer from pictures to a served bundle, on layers that the simulator printed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY

from layerwatch.bundle import NetworkSpec, load_manifest, read_verified, verify_files
from layerwatch.registry import Registry
from simulator.__main__ import main as simulate
from trainer.__main__ import main
from trainer.packing import write_bundle

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("two_ways_to_int8")]
pytest.importorskip("torch")
import onnx  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from layerwatch.vision.network import Inspectable, build_network  # noqa: E402 - they need torch
from trainer.engines import Probabilities, openvino_engine  # noqa: E402

SETS = 12


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six layers in both stages, all with defects."""
    root = tmp_path_factory.mktemp("printed")
    options = [
        "--layers",
        "6",
        "--period",
        "0",
        "--size",
        "160",
        "--defect-rate",
        "1",
        "--write",
        "plain",
        "--seed",
        "5",
    ]
    assert simulate(["run", "--out", str(root / "images"), "--truth", str(root / "truth"), *options]) == 0
    return root


@pytest.fixture(scope="module")
def registry(printed: Path) -> Path:
    """A registry with what two steps of training give."""
    command = (
        f"train --images {printed / 'images'} --masks {printed / 'truth'} --profile nist-ammt "
        "--encoder-weights none --decoder-channels 16,16,8,8,8 --crop 64 --batch 2 --steps 2 --validate-every 1 "
        "--validation-share 0.5 --threads 1 --device cpu --name tiny --version 1 "
        f"--work {printed / 'work'} --registry {printed / 'registry'} --metrics-port 0"
    )

    status = main(command.split())

    assert status == 0
    return printed / "registry"


def test_a_run_shows_how_far_it_is(registry: Path) -> None:
    assert registry.is_dir()
    assert REGISTRY.get_sample_value("layerwatch_training_step") == 2
    assert REGISTRY.get_sample_value("layerwatch_training_spent_ratio") == 1


def test_a_trained_bundle_is_whole_promoted_and_says_where_it_comes_from(registry: Path) -> None:
    bundle = Registry(registry).resolve("tiny")

    manifest = load_manifest(bundle)

    verify_files(bundle, manifest)
    assert manifest.id == "tiny/1"
    assert {"float32.onnx", "int8.onnx", "float32.safetensors", "model-card.md"} <= set(manifest.files)
    assert set(manifest.operating_points) == {"float32", "int8"}
    assert manifest.lineage["data"]["training_layer_sets"] == manifest.lineage["data"]["validation_layer_sets"] == 6
    assert manifest.lineage["steps"] == 2


def test_the_int8_file_runs_in_openvino(registry: Path) -> None:
    bundle = Registry(registry).resolve("tiny")
    run = openvino_engine(read_verified(bundle, load_manifest(bundle), "int8.onnx"), threads=1)

    probability = run(np.zeros((2, 96, 64, 3), np.uint8))

    assert probability.shape == (2, 96, 64)
    assert 0 <= probability.min() <= probability.max() <= 1


def test_a_compact_network_is_taken_over_without_a_step_and_can_be_built_again(
    registry: Path, printed: Path, tmp_path: Path
) -> None:
    start = Registry(registry).resolve("tiny") / "float32.safetensors"
    command = (
        f"train --images {printed / 'images'} --masks {printed / 'truth'} --profile nist-ammt --start {start} "
        "--decoder compact --decoder-channels 16,16,8,8,8 --crop 64 --batch 2 --steps 0 --validation-share 0.5 "
        f"--threads 1 --device cpu --name small --version 1 --work {tmp_path / 'work'} --registry {tmp_path}"
    )

    status = main(command.split())

    assert status == 0
    bundle = Registry(tmp_path).resolve("small")
    manifest = load_manifest(bundle)
    assert manifest.network is not None
    built = answers(bundle, manifest.network)
    served = openvino_engine(read_verified(bundle, manifest, "float32.onnx"), threads=1)
    tiles = np.random.default_rng(0).integers(0, 256, (1, 96, 64, 3), dtype=np.uint8)
    assert np.allclose(built(tiles), served(tiles), atol=1e-3)
    assert "without a step" in (bundle / "model-card.md").read_text(encoding="utf-8")


def answers(bundle: Path, network: NetworkSpec) -> Probabilities:
    """Return the network that is built from what a bundle says about it, in torch."""
    model = Inspectable(build_network(decoder=network.decoder, decoder_channels=network.decoder_channels)).eval()
    model.network.load_state_dict(load_file(bundle / "float32.safetensors"))

    def run(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(model(torch.from_numpy(tiles)).numpy(), np.float32)

    return run


def test_two_processes_share_the_training_and_publish_once(printed: Path, tmp_path: Path) -> None:
    command = (
        f"train --images {printed / 'images'} --masks {printed / 'truth'} --profile nist-ammt "
        "--encoder-weights none --decoder-channels 16,16,8,8,8 --crop 64 --batch 1 --steps 2 --validate-every 1 "
        "--validation-share 0.5 --device cpu --devices 2 --strategy ddp --name shared --version 1 --no-promote "
        f"--work {tmp_path / 'work'} --registry {tmp_path / 'registry'}"
    )

    run = subprocess.run(
        [sys.executable, "-m", "trainer", *command.split()], capture_output=True, text=True, timeout=300, check=False
    )

    assert run.returncode == 0, run.stderr
    assert run.stdout.count("published shared/1") == 1
    assert run.stdout.count("held back") == 1
    assert "Starting with 2 processes" in run.stderr
    assert load_manifest(tmp_path / "registry" / "shared" / "1").lineage["steps"] == 2


def test_a_device_that_is_not_there_is_refused(
    printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = (
        f"train --images {printed / 'images'} --masks {printed / 'truth'} --profile nist-ammt "
        f"--encoder-weights none --device cpu --strategy no-such --work {tmp_path / 'work'} --registry {tmp_path}"
    )

    assert main(command.split()) == 2
    assert "this machine cannot train on 1 x cpu, 1 nodes, strategy no-such" in capsys.readouterr().err


def test_evaluate_writes_figures_and_a_sheet(registry: Path, printed: Path, tmp_path: Path) -> None:
    command = (
        f"evaluate --bundle tiny --registry {registry} --profile nist-ammt --threads 1 --min-region-px 5 "
        f"--images {printed / 'images'} --masks {printed / 'truth'} "
        f"--json {tmp_path / 'e.json'} --sheet {tmp_path / 'worst.png'} --curve {tmp_path / 'curve.png'}"
    )

    status = main(command.split())

    assert status == 0
    report = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    assert report["bundle"] == "tiny/1"
    assert {figures["layer_sets"] for figures in report["precisions"].values()} == {SETS}
    assert report["agreement"]["of"] == SETS
    recalls = report["equal_precision"]["recalls"]
    assert recalls.keys() == {"int8", "float32"}
    assert all(0 <= recall <= 1 for recall in recalls.values())
    assert recalls["float32"] >= report["precisions"]["float32"]["all"]["pixels"]["recall"]["value"] - 0.01
    for picture in ("worst.png", "curve.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


def test_quantize_publishes_a_new_version_and_compares_every_way(registry: Path, printed: Path, tmp_path: Path) -> None:
    command = (
        f"quantize tiny --registry {registry} --version 2 --profile nist-ammt --threads 1 --miss-cost 2 "
        f"--images {printed / 'images'} --masks {printed / 'truth'} "
        f"--work {tmp_path / 'work'} --json {tmp_path / 'ways.json'}"
    )

    status = main(command.split())

    assert status == 0
    models = Registry(registry)
    old, new = (load_manifest(registry / "tiny" / version) for version in ("1", "2"))
    verify_files(registry / "tiny" / "2", new)
    assert models.current("tiny") == "1"
    assert new.files["float32.onnx"] == old.files["float32.onnx"]
    assert new.lineage["quantized"] == {"from": "tiny/1", "data": old.lineage["data"]["sha256"]}
    assert new.metrics["validation"]["int8"]["wished"] == "a missed region as bad as 2 false ones"
    ways = {way["name"]: way for way in json.loads((tmp_path / "ways.json").read_text(encoding="utf-8"))}
    assert ways["torch eager, dynamic int8"]["megabytes"] == ways["torch eager, float32"]["megabytes"]
    assert ways["OpenVINO, static int8"]["megabytes"] < 0.5 * ways["OpenVINO, float32"]["megabytes"]
    assert ways["torch eager, float32"]["average_precision"] == pytest.approx(
        ways["OpenVINO, float32"]["average_precision"], abs=0.01
    )
    shutil.rmtree(registry / "tiny" / "2")


def test_evaluate_says_the_recall_at_a_precision_that_is_asked_for(
    registry: Path, printed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = (
        f"evaluate --bundle tiny --registry {registry} --profile nist-ammt --threads 1 --precision int8 "
        f"--images {printed / 'images'} --masks {printed / 'truth'} --at-precision 0.01"
    )

    assert main(command.split()) == 0
    assert "pixel recall where all have a precision of 0.010: int8 1.0000" in " ".join(capsys.readouterr().out.split())


def last_bias(model: onnx.ModelProto) -> onnx.TensorProto:
    """Return the bias of the last convolution, which is that of the logits."""
    *_, last = (node for node in model.graph.node if node.op_type == "Conv")
    tensors: dict[str, onnx.TensorProto] = {tensor.name: tensor for tensor in model.graph.initializer}
    return tensors[last.input[2]]


def shifted_bundle(bundle: Path, folder: Path, *, by: float) -> Path:
    """Copy a bundle as version "shifted", with that much added to the logits of its float32 network."""
    manifest = load_manifest(bundle)
    files = {name: read_verified(bundle, manifest, name) for name in manifest.files}
    model = onnx.load_from_string(files["float32.onnx"])
    bias = last_bias(model)
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(by), bias.name))
    files["float32.onnx"] = model.SerializeToString()
    return write_bundle(folder, files, manifest.model_copy(update={"version": "shifted"}))


def test_quantize_averages_bundles_and_says_what_that_gave(
    registry: Path, printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shifted_bundle(registry / "tiny" / "1", tmp_path / "other", by=0.25)
    command = (
        f"quantize tiny --average {other} --registry {registry} --version 4 --profile nist-ammt --threads 1 "
        f"--miss-cost 2 --images {printed / 'images'} --masks {printed / 'truth'} --work {tmp_path / 'work'}"
    )

    status = main(command.split())

    assert status == 0, capsys.readouterr().err
    place = registry / "tiny" / "4"
    new = load_manifest(place)
    verify_files(place, new)
    assert set(new.lineage["averaged"]) == {"tiny/1", "tiny/shifted"}
    assert "float32.safetensors" not in new.files  # it held the network before
    assert "their average: average precision" in " ".join(capsys.readouterr().out.split())
    first, mean = (
        onnx.numpy_helper.to_array(last_bias(onnx.load(registry / "tiny" / version / "float32.onnx")))
        for version in ("1", "4")
    )
    assert mean == pytest.approx(first + 0.125)
    shutil.rmtree(place)


def test_a_bundle_is_not_averaged_with_itself(
    registry: Path, printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = (
        f"quantize tiny --average tiny/1 --registry {registry} --profile nist-ammt --images {printed / 'images'} "
        f"--masks {printed / 'truth'} --work {tmp_path / 'work'}"
    )

    assert main(command.split()) == 2
    assert "name each bundle once" in " ".join(capsys.readouterr().err.split())


def test_tune_publishes_the_same_networks_with_new_operating_points(registry: Path, printed: Path) -> None:
    command = (
        f"tune tiny --registry {registry} --version 3 --profile nist-ammt --miss-cost 2 "
        f"--images {printed / 'images'} --masks {printed / 'truth'}"
    )

    status = main(command.split())

    assert status == 0
    old, new = (load_manifest(registry / "tiny" / version) for version in ("1", "3"))
    verify_files(registry / "tiny" / "3", new)
    assert all(new.files[name] == old.files[name] for name in ("float32.onnx", "int8.onnx"))
    assert new.lineage["tuned"]["layer_sets"] == SETS
    assert {point.measured_on for point in new.operating_points.values()} == {f"{SETS} validation layer sets"}
    shutil.rmtree(registry / "tiny" / "3")


def test_a_version_is_published_once_and_a_finished_run_leaves_no_state(registry: Path, printed: Path) -> None:
    assert not list((printed / "work" / "run").glob("*"))
    assert Registry(registry).versions("tiny") == ("1",)
