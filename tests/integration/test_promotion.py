"""`promote`, `rollback`, `list`, `show` and `verify` on bundles in a registry, good and bad."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.bundle import MANIFEST, describe_file, load_manifest
from layerwatch.layers import LayerSet
from layerwatch.promotions import Action
from layerwatch.registry import Registry
from tests.conftest import write_tiny_bundle
from trainer.__main__ import main

pytest.importorskip("openvino")
onnx = pytest.importorskip("onnx")

STARTER = Path(__file__).parents[2] / "models" / "starter"
FLAGS_EVERYTHING = 4.0  # grey level that the powder of the test pictures reaches here and there
Say = Callable[..., tuple[int, str]]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """One good version, not in service."""
    registry = Registry(tmp_path / "registry")
    registry.publish(write_tiny_bundle(tmp_path / "good", version="1"))
    return registry


@pytest.fixture
def say(registry: Registry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run the trainer's command line; return its status and all that it printed, in one line."""
    monkeypatch.setenv("REGISTRY_DIR", str(registry.root))
    monkeypatch.setenv("COLUMNS", "400")

    def run(*words: str) -> tuple[int, str]:
        status = main(words)
        captured = capsys.readouterr()
        return status, " ".join((captured.out + captured.err).split())

    return run


@pytest.fixture
def truth(tmp_path: Path, write_pictures: Callable[..., LayerSet]) -> list[str]:
    """Six layers, three with a defect, as options."""
    images, masks = tmp_path / "images", tmp_path / "masks"
    for layer in range(1, 7):
        defect_px = 900 if layer > 3 else 0
        write_pictures(images, layer=layer, defect_px=defect_px)
        mask = np.zeros((160, 200), np.uint8)
        if defect_px:
            mask[60:90, 70:100] = 255
        path = masks / "job42" / f"{layer:06d}_melt.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), mask)
    return ["--images", str(images), "--masks", str(masks), "--profile", "nist-ammt"]


def with_int8(bundle: Path, int8: bytes, *, version: str) -> Path:
    """Give a bundle another int8 network, under a manifest that agrees."""
    (bundle / "int8.onnx").write_bytes(int8)
    manifest = load_manifest(bundle)
    files = dict(manifest.files) | {"int8.onnx": describe_file(bundle / "int8.onnx")}
    changed = manifest.model_copy(update={"files": files, "version": version})
    (bundle / MANIFEST).write_text(changed.model_dump_json(by_alias=True), encoding="utf-8")
    return bundle


def zeroed(network: bytes) -> bytes:
    """Return a network whose convolutions have no weights left."""
    model = onnx.load_from_string(network)
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.ndim == 4:
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros_like(values), tensor.name))
    content: bytes = model.SerializeToString()
    return content


def test_a_good_bundle_is_measured_and_promoted(registry: Registry, say: Say, truth: list[str], tmp_path: Path) -> None:
    status, said = say("promote", "tiny", *truth, "--json", str(tmp_path / "gate.json"))

    assert status == 0, said
    assert registry.current("tiny") == "1"
    assert "int8 100.0% (3 of 3), float32 100.0% (3 of 3)" in said
    verdict = json.loads((tmp_path / "gate.json").read_text(encoding="utf-8"))
    assert verdict["bundle"] == "tiny/1"
    assert all(check["passed"] for check in verdict["checks"])
    (promoted,) = registry.history("tiny")
    assert promoted.action is Action.PROMOTE
    assert [check.name for check in promoted.checks] == [check["name"] for check in verdict["checks"]]


def test_a_worse_bundle_is_refused_and_the_one_in_service_stays(
    registry: Registry, say: Say, truth: list[str], tmp_path: Path
) -> None:
    say("promote", "tiny/1", *truth)
    registry.publish(write_tiny_bundle(tmp_path / "worse", version="2", level=FLAGS_EVERYTHING))

    status, said = say("promote", "tiny/2", *truth)

    assert status == 1
    assert registry.current("tiny") == "1"
    assert "clean layer sets flagged: tiny/2 100.0% (3 of 3), tiny/1 0.0% (0 of 3)" in said
    assert "tiny/2 is not promoted; tiny/1 stays in service" in said
    assert registry.history("tiny")[-1].action is Action.REFUSE


def test_the_regression_set_of_the_name_is_what_is_measured_on(
    registry: Registry, say: Say, truth: list[str], tmp_path: Path
) -> None:
    assert say("regression", "tiny", *truth)[0] == 0

    status, said = say("promote", "tiny")

    assert status == 0, said
    assert "measured on the regression set of tiny, 6 layer sets" in said
    next((tmp_path / "images").rglob("*.PNG")).write_bytes(b"another")
    registry.publish(write_tiny_bundle(tmp_path / "second", version="2"))
    status, said = say("promote", "tiny/2")
    assert status == 2
    assert "has changed" in said
    assert registry.current("tiny") == "1"


def test_nothing_is_promoted_unmeasured_unless_that_is_wished(registry: Registry, say: Say) -> None:
    status, said = say("promote", "tiny")

    assert status == 1
    assert "there is nothing to measure on" in said
    assert "--without-regression" in said
    assert registry.current("tiny") is None
    assert say("promote", "tiny", "--without-regression")[0] == 0
    assert registry.current("tiny") == "1"


def test_an_int8_network_with_its_weights_zeroed_is_refused(registry: Registry, say: Say, tmp_path: Path) -> None:
    bundle = shutil.copytree(STARTER, tmp_path / "zeroed")
    registry.publish(with_int8(bundle, zeroed((STARTER / "int8.onnx").read_bytes()), version="zeroed"))

    status, said = say("promote", "starter/zeroed", "--without-regression")

    assert status == 1
    assert "self-test of int8" in said
    assert "for every pixel, whatever the picture shows" in said
    assert registry.current("starter") is None
    assert say("verify", "starter/zeroed")[0] == 1


def test_an_int8_network_unlike_its_float32_is_refused(registry: Registry, say: Say, tmp_path: Path) -> None:
    other = write_tiny_bundle(tmp_path / "other", level=100.0) / "int8.onnx"
    registry.publish(with_int8(write_tiny_bundle(tmp_path / "unlike"), other.read_bytes(), version="2"))

    status, said = say("promote", "tiny/2", "--without-regression")

    assert status == 1
    assert "int8 and float32 differ by" in said
    assert registry.current("tiny") is None


def test_a_flipped_byte_is_refused(registry: Registry, say: Say) -> None:
    network = registry.root / "tiny" / "1" / "int8.onnx"
    content = network.read_bytes()
    network.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    status, said = say("promote", "tiny/1", "--without-regression")

    assert status == 1
    assert "sha256 of int8.onnx is" in said
    assert registry.current("tiny") is None
    status, said = say("verify", "tiny/1")
    assert status == 1
    assert "sha256 of int8.onnx is" in said


def test_a_broken_bundle_in_service_can_be_replaced(
    registry: Registry, say: Say, truth: list[str], tmp_path: Path
) -> None:
    say("promote", "tiny/1", *truth)
    (registry.root / "tiny" / "1" / "int8.onnx").write_bytes(b"broken")
    registry.publish(write_tiny_bundle(tmp_path / "second", version="2"))

    status, said = say("promote", "tiny/2", *truth)

    assert status == 0, said
    assert "not compared: bundle tiny/1" in said
    status, said = say("rollback", "tiny")
    assert status == 2
    assert "tiny/1: int8.onnx is missing or not" in said
    assert registry.current("tiny") == "2"


def test_rollback_list_show_and_verify_tell_what_is_there(registry: Registry, say: Say, tmp_path: Path) -> None:
    registry.publish(write_tiny_bundle(tmp_path / "second", version="2"))
    for version in ("1", "2"):
        say("promote", f"tiny/{version}", "--without-regression")

    status, said = say("rollback", "tiny")

    assert (status, said) == (0, "tiny/1 is in service again, in place of tiny/2")
    status, listed = say("list")
    assert status == 0
    assert "tiny/1 │ yes" in listed
    assert "tiny/2 │ yes" not in listed
    status, shown = say("show", "tiny")
    assert status == 0
    assert "tiny/1, in service" in shown
    assert "rollback" in shown
    status, shown = say("show", "tiny/2", "--json")
    assert json.loads(shown)["version"] == "2"
    assert say("verify", str(tmp_path / "second"))[0] == 0
    assert say("list", "nobody")[0] == 2
