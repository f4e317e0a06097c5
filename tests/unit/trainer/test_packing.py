import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from layerwatch.bundle import InputSpec, Manifest, OperatingPoint, load_manifest, verify_files
from layerwatch.errors import BundleError, TrainingError
from trainer.bootstrap import NOTHING, Estimate
from trainer.card import CARD, model_card
from trainer.packing import pack, read_evaluations, write_bundle
from trainer.scores import Scores, Slice
from trainer.summary import EqualPrecision, Figures, Kind, Report, share

POINT = OperatingPoint(threshold=0.5, recall=0.8, precision=0.7, measured_on="12 validation layer sets")
MANIFEST = Manifest(
    name="starter",
    version="1",
    created=datetime(2026, 5, 4, tzinfo=UTC),
    architecture="U-Net",
    input=InputSpec(),
    operating_points={"int8": POINT, "float32": POINT},
    files={},
)
FILES = {"float32.onnx": b"f", "int8.onnx": b"i", "float32.safetensors": b"s", CARD: b"card"}


def some_figures() -> Figures:
    sure = Estimate(value=0.6, low=0.5, high=0.7)
    scores = Scores(precision=sure, recall=sure, f1=sure, iou=sure, average_precision=sure)
    every = Slice(layer_sets=4, pixels=scores, regions=scores, layers=scores)
    return Figures(
        against="truth",
        layer_sets=4,
        counted_px=50,
        regions_found=share(9, 10),
        false_regions_per_set=0.1,
        clean_flagged=share(0, 2),
        defective_flagged=share(2, 2),
        decisions={"pass": 2, "review": 2},
        all=every,
        kinds={"streak": Kind(regions_found=share(9, 10), pixel_recall=NOTHING)},
        stages={"melt": every},
        lights={3: every},
    )


def test_a_written_bundle_matches_its_manifest(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", FILES, MANIFEST)

    manifest = load_manifest(folder)
    verify_files(folder, manifest)
    assert set(manifest.files) == set(FILES)


def test_packing_leaves_a_file_out_of_folder_and_manifest(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", FILES, MANIFEST)

    pack(folder, tmp_path / "starter", without=["float32.safetensors"])

    manifest = load_manifest(tmp_path / "starter")
    verify_files(tmp_path / "starter", manifest)
    assert "float32.safetensors" not in manifest.files
    assert not (tmp_path / "starter" / "float32.safetensors").exists()


@pytest.mark.parametrize("name", ["int8.onnx", "other.txt"])
def test_what_serving_needs_cannot_be_left_out(tmp_path: Path, name: str) -> None:
    folder = write_bundle(tmp_path / "b", FILES, MANIFEST)

    with pytest.raises(BundleError, match="cannot be left out"):
        pack(folder, tmp_path / "starter", without=[name])


def test_nothing_is_packed_over_something_else(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", FILES, MANIFEST)

    with pytest.raises(BundleError, match="is not empty"):
        pack(folder, folder)


def test_an_evaluation_is_told_in_manifest_and_card(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", FILES, MANIFEST)
    report = Report(bundle="starter/1", precisions={"int8": some_figures()}, agreement=share(4, 4))
    report = report.model_copy(
        update={"equal_precision": EqualPrecision(precision=0.9, recalls={"int8": 0.8, "float32": 0.81})}
    )
    (tmp_path / "e.json").write_text(report.model_dump_json(), encoding="utf-8")

    pack(folder, tmp_path / "starter", evaluations=read_evaluations([f"unseen={tmp_path / 'e.json'}"]))

    manifest = load_manifest(tmp_path / "starter")
    verify_files(tmp_path / "starter", manifest)
    assert manifest.metrics["evaluation"]["unseen"]["precisions"]["int8"]["layer_sets"] == 4
    card = (tmp_path / "starter" / CARD).read_text(encoding="utf-8")
    assert "90.0% [59.6%, 98.2%], 9 of 10" in card
    assert "streak 9 of 10" in card
    assert "a precision of 0.900: int8 0.8000, float32 0.8100" in card


def test_an_evaluation_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(json.dumps({"figures": 1}), encoding="utf-8")

    with pytest.raises(TrainingError, match="expected TITLE=FILE"):
        read_evaluations([f"unseen={tmp_path / 'e.json'}"])


def test_a_card_without_evaluation_promises_nothing_on_unseen_data() -> None:
    card = model_card(MANIFEST)

    assert "never saw" not in card.split("## Limits")[0]
    assert "12 validation layer sets" in card
