import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from layerwatch.bundle import (
    InputSpec,
    Manifest,
    OperatingPoint,
    describe_file,
    load_manifest,
    read_verified,
    verify_files,
)
from layerwatch.errors import BundleCorruptError, BundleError, BundleMissingError
from layerwatch.registry import Registry


def make_bundle(folder: Path, *, version: str = "1", content: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "int8.onnx").write_bytes(content)
    manifest = Manifest(
        name="mine",
        version=version,
        created=datetime(2026, 11, 21, tzinfo=UTC),
        architecture="unet",
        input=InputSpec(),
        operating_points={"int8": OperatingPoint(threshold=0.5, recall=0.9, precision=0.8, measured_on="a test")},
        files={"int8.onnx": describe_file(folder / "int8.onnx")},
    )
    (folder / "bundle.json").write_text(manifest.model_dump_json(by_alias=True))
    return folder


def test_a_whole_bundle_is_accepted(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b")

    manifest = load_manifest(bundle)
    verify_files(bundle, manifest)

    assert manifest.id == "mine/1"
    assert read_verified(bundle, manifest, "int8.onnx") == b"weights"


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b")
    (bundle / "int8.onnx").write_bytes(b"weightz")

    with pytest.raises(BundleCorruptError, match=r"sha256 of int8\.onnx"):
        verify_files(bundle, load_manifest(bundle))


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b")
    (bundle / "int8.onnx").unlink()

    with pytest.raises(BundleCorruptError, match="missing"):
        verify_files(bundle, load_manifest(bundle))


def test_a_manifest_cannot_name_files_outside_its_bundle(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b")
    raw = json.loads((bundle / "bundle.json").read_text())
    raw["files"]["../secret"] = raw["files"]["int8.onnx"]
    (bundle / "bundle.json").write_text(json.dumps(raw))

    with pytest.raises(BundleCorruptError, match="secret"):
        verify_files(bundle, load_manifest(bundle))


def test_a_folder_without_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleMissingError, match=r"bundle\.json is missing"):
        load_manifest(tmp_path)


def test_a_broken_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text('{"schema": 1}')

    with pytest.raises(BundleCorruptError, match="name"):
        load_manifest(tmp_path)


def test_nothing_is_in_service_before_it_is_promoted(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry")
    registry.publish(make_bundle(tmp_path / "one"))

    assert registry.versions("mine") == ("1",)
    assert registry.current("mine") is None
    with pytest.raises(BundleMissingError):
        registry.resolve("mine")


def test_the_promoted_version_is_what_the_name_means(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry")
    registry.publish(make_bundle(tmp_path / "one"))
    registry.publish(make_bundle(tmp_path / "two", version="2"))

    registry.promote("mine", "2")

    assert registry.resolve("mine") == tmp_path / "registry" / "mine" / "2"
    assert registry.resolve("mine/1") == tmp_path / "registry" / "mine" / "1"
    assert registry.resolve(str(tmp_path / "one")) == tmp_path / "one"


def test_a_version_never_changes(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry")
    registry.publish(make_bundle(tmp_path / "one"))

    with pytest.raises(BundleError, match="already"):
        registry.publish(make_bundle(tmp_path / "other", content=b"other"))


def test_a_corrupt_bundle_is_neither_published_nor_promoted(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry")
    published = registry.publish(make_bundle(tmp_path / "one"))
    (published / "int8.onnx").write_bytes(b"changed")

    with pytest.raises(BundleCorruptError):
        registry.promote("mine", "1")
    with pytest.raises(BundleCorruptError):
        registry.publish(published)
    assert registry.current("mine") is None


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden"])
def test_a_name_cannot_leave_the_registry(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="expected a name"):
        Registry(tmp_path).current(name)


@pytest.mark.parametrize("pointer", ["../../outside", "1/../1", "\xff\xfe", "1" * 100_000, ""], ids=range(5))
def test_a_pointer_that_names_no_version_leads_nowhere(tmp_path: Path, pointer: str) -> None:
    registry = Registry(tmp_path / "registry")
    registry.publish(make_bundle(tmp_path / "one"))
    make_bundle(tmp_path / "outside")
    (registry.root / "mine" / "current").write_text(pointer, encoding="latin-1")

    with pytest.raises(BundleMissingError):
        registry.resolve("mine")


def test_only_a_name_alone_means_whatever_is_in_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(tmp_path / "registry")
    make_bundle(tmp_path / "here")
    monkeypatch.chdir(tmp_path)

    models = ("mine", "mine/1", "here", "./here", str(tmp_path / "here"))

    assert [registry.means_current(model) for model in models] == [True, False, False, False, False]
