"""One inspection, from files to artifacts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.atomic import write_atomic
from layerwatch.job import InspectLayer, Optics
from layerwatch.layers import LayerSet
from layerwatch.verdict import Decision, Verdict
from worker.pipeline import Pipeline

FOLDER = "m290/job42/000001_melt"
WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]


def test_a_large_defect_is_rejected_with_all_that_is_known_about_it(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage
) -> None:
    message = some_message(of=write_pictures(sources, defect_px=900), optics=Optics(mm_per_px=0.1))

    verdict, _ = pipeline.inspect(message, attempt=2)

    assert verdict.decision is Decision.REJECT
    (region,) = verdict.regions
    assert region.bbox == (70, 60, 30, 30)
    assert region.area_px == 900
    assert region.lights == ("a", "b", "c")
    assert verdict.defect_area_mm2 == pytest.approx(9.0)
    assert verdict.defect_area_ratio == pytest.approx(900 / (160 * 200))
    assert [(image.light, image.width, image.height, image.bits) for image in verdict.images] == [
        (light, 200, 160, 16) for light in "abc"
    ]
    assert verdict.model is not None
    assert verdict.attempt == 2
    assert verdict.timing.seconds.inference > 0


def test_clean_pictures_pass(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage
) -> None:
    verdict, _ = pipeline.inspect(some_message(of=write_pictures(sources)), attempt=1)

    assert verdict.decision is Decision.PASS
    assert verdict.reasons == ()
    assert verdict.defect_area_ratio == 0


def test_overlay_and_mask_have_the_picture_and_the_defect(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage, tmp_path: Path
) -> None:
    verdict, _ = pipeline.inspect(some_message(of=write_pictures(sources, defect_px=900)), attempt=1)

    assert verdict.artifacts.mask == f"{FOLDER}/mask.png"
    mask = cv2.imread(str(tmp_path / "artifacts" / FOLDER / "mask.png"), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    assert mask.shape == (160, 200)
    assert np.unique(mask).tolist() == [0, 255]
    assert np.count_nonzero(mask) == 900
    assert verdict.artifacts.overlay == f"{FOLDER}/overlay.jpg"
    assert cv2.imread(str(tmp_path / "artifacts" / FOLDER / "overlay.jpg")) is not None


def test_verdict_json_is_written_last_and_is_the_published_body(  # noqa: PLR0917 - fixtures
    pipeline: Pipeline,
    sources: Path,
    write_pictures: WritePictures,
    some_message: MakeMessage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = []

    def noted(path: Path, content: bytes) -> None:
        written.append(path.name)
        write_atomic(path, content)

    monkeypatch.setattr("layerwatch.artifacts.write_atomic", noted)

    verdict, _ = pipeline.inspect(some_message(of=write_pictures(sources)), attempt=1)

    assert sorted(written[:2]) == ["mask.png", "overlay.jpg"]
    assert written[2:] == ["verdict.json"]
    assert (tmp_path / "artifacts" / FOLDER / "verdict.json").read_bytes() == verdict.to_json().encode()


def test_no_verdict_is_written_beside_half_the_artifacts(  # noqa: PLR0917 - fixtures
    pipeline: Pipeline,
    sources: Path,
    write_pictures: WritePictures,
    some_message: MakeMessage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def disk_full(path: Path, content: bytes) -> None:
        if path.name == "mask.png":
            raise OSError(28, "No space left on device")
        write_atomic(path, content)

    monkeypatch.setattr("layerwatch.artifacts.write_atomic", disk_full)

    with pytest.raises(OSError, match="No space left"):
        pipeline.inspect(some_message(of=write_pictures(sources)), attempt=1)

    assert not (tmp_path / "artifacts" / FOLDER / "verdict.json").exists()


def test_an_older_revision_leaves_the_artifacts_of_the_newer_one_alone(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage, tmp_path: Path
) -> None:
    layer_set = write_pictures(sources)
    newer, _ = pipeline.inspect(some_message(of=layer_set, revision=2), attempt=1)

    older, _ = pipeline.inspect(some_message(of=layer_set, revision=1), attempt=1)

    assert older.artifacts.overlay is None
    kept = Verdict.from_json((tmp_path / "artifacts" / FOLDER / "verdict.json").read_bytes())
    assert kept == newer
    beside = Verdict.from_json((tmp_path / "artifacts" / FOLDER / "verdict-1.json").read_bytes())
    assert beside == older


def test_what_an_earlier_revision_said_stays_beside_the_new_verdict(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage, tmp_path: Path
) -> None:
    first = some_message(of=write_pictures(sources, defect_px=900), revision=1)
    verdicts = [pipeline.inspect(first, attempt=1)[0]]
    again = some_message(of=write_pictures(sources, defect_px=100), revision=2)
    file = tmp_path / "artifacts" / FOLDER / "verdict.json"
    file.write_bytes(by_a_newer_version := file.read_bytes()[:-1] + b', "new_field": [1]}')

    verdicts += [pipeline.inspect(again, attempt=attempt)[0] for attempt in (1, 2)]

    folder = tmp_path / "artifacts" / FOLDER
    assert (folder / "verdict-1.json").read_bytes() == by_a_newer_version
    assert Verdict.from_json(by_a_newer_version) == verdicts[0]
    assert Verdict.from_json((folder / "verdict.json").read_bytes()) == verdicts[2]
    assert {path.name for path in folder.iterdir()} == {"verdict-1.json", "verdict.json", "overlay.jpg", "mask.png"}


def test_only_what_lies_on_the_plate_is_judged(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage
) -> None:
    left_third = ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0))
    message = some_message(of=write_pictures(sources, defect_px=900), optics=Optics(plate=left_third))

    verdict, _ = pipeline.inspect(message, attempt=1)

    assert verdict.decision is Decision.PASS


def test_sixteen_bits_are_used_to_the_last(
    pipeline: Pipeline, sources: Path, some_message: MakeMessage, write_pictures: WritePictures
) -> None:
    """Everything in these pictures is far above 255; clipped there, they would be white all over."""
    _, findings = pipeline.inspect(some_message(of=write_pictures(sources, defect_px=900)), attempt=1)

    assert findings.shown is not None
    assert findings.shown.pixels.dtype == np.uint16
    assert findings.shown.pixels.max() == 60_000
    assert [image.saturated_ratio for image in findings.images] == [0.0, 0.0, 0.0]


def test_a_region_less_certain_than_the_limit_is_no_defect(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage
) -> None:
    limits = pipeline.model.point.limits.model_copy(update={"min_mean_confidence": 0.95})
    point = pipeline.model.point.model_copy(update={"limits": limits})
    strict = replace(pipeline, model=replace(pipeline.model, point=point))

    verdict, _ = strict.inspect(some_message(of=write_pictures(sources, defect_px=900)), attempt=1)

    assert verdict.decision is Decision.PASS
    assert verdict.regions == ()
