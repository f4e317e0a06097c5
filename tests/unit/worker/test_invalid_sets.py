"""Pictures that cannot be judged get their answer, too, with the reason."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.job import InspectLayer, Optics
from layerwatch.layers import LayerSet
from layerwatch.verdict import Decision, Verdict
from worker.pipeline import Pipeline

WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]


def rewritten(layer_set: LayerSet, sources: Path, light: str, content: bytes) -> LayerSet:
    """Return the set after the printer wrote another content for one light."""
    captures = []
    for capture in layer_set.captures:
        if capture.light == light:
            (sources / capture.path).write_bytes(content)
            captures.append(replace(capture, sha256=hashlib.sha256(content).hexdigest()))
        else:
            captures.append(capture)
    return replace(layer_set, captures=tuple(captures))


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def only_reason(pipeline: Pipeline, message: InspectLayer) -> str:
    verdict, _ = pipeline.inspect(message, attempt=1)
    assert verdict.decision is Decision.INVALID
    assert verdict.model is None
    assert verdict.regions == ()
    (reason,) = verdict.reasons
    return reason


@pytest.fixture
def complete(sources: Path, write_pictures: WritePictures) -> LayerSet:
    return write_pictures(sources, defect_px=900)


def test_a_missing_light_is_named_once(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage
) -> None:
    message = some_message(of=write_pictures(sources, lights="ac"), problems=("missing light b",))

    assert only_reason(pipeline, message) == "missing light b"


def test_what_ingest_found_is_passed_on(pipeline: Pipeline, complete: LayerSet, some_message: MakeMessage) -> None:
    message = some_message(of=complete, problems=("duplicate frame: same content as layer 0",))

    assert only_reason(pipeline, message) == "duplicate frame: same content as layer 0"


def test_pictures_that_are_the_same_because_they_are_black_are_called_black_too(
    pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    for light in "abc":
        complete = rewritten(complete, sources, light, png(np.full((160, 200), 30, np.uint16)))
    same = "duplicate frame: lights a, b, c have the same content"

    verdict, _ = pipeline.inspect(some_message(of=complete, problems=(same,)), attempt=1)

    assert verdict.reasons[0] == same
    assert [reason.split(":")[:2] for reason in verdict.reasons[1:]] == [[f"light {name}", " black"] for name in "abc"]


def test_a_half_written_picture(
    pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    half = (sources / complete.captures[1].path).read_bytes()[:4000]

    reason = only_reason(pipeline, some_message(of=rewritten(complete, sources, "b", half)))

    assert reason.startswith("light b: ")


def test_a_black_picture(pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage) -> None:
    black = png(np.full((160, 200), 30, np.uint16))

    reason = only_reason(pipeline, some_message(of=rewritten(complete, sources, "c", black)))

    assert reason.startswith("light c: black")


def test_a_saturated_picture(pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage) -> None:
    white = np.full((160, 200), 65535, np.uint16)
    white[:10] = 20_000

    reason = only_reason(pipeline, some_message(of=rewritten(complete, sources, "a", png(white))))

    assert reason.startswith("light a: saturated: 94%")


def test_a_light_that_is_more_saturated_than_the_profile_knows_it(
    pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    half = np.random.default_rng(3).integers(10_000, 12_000, (160, 200)).astype(np.uint16)
    half[:80] = 65535
    layer_set = rewritten(complete, sources, "c", png(half))
    optics = Optics(max_saturated={"c": 0.3})

    reason = only_reason(pipeline, some_message(of=layer_set, optics=optics))

    assert reason == "light c: saturated: 50% of the pixels are at full scale, at most 30% are normal"
    verdict, _ = pipeline.inspect(some_message(of=layer_set, revision=2), attempt=1)
    assert verdict.decision is not Decision.INVALID


def a_sharp_plate() -> np.ndarray:
    """Return squares in grain, large enough to tell how sharp they are."""
    pixels = np.random.default_rng(3).integers(20_000, 22_000, (600, 600)).astype(np.uint16)
    for corner in range(40, 500, 90):
        pixels[corner : corner + 40, corner : corner + 60] = 40_000
        pixels[corner : corner + 40, 560 - corner : 590 - corner] = 5_000
    return pixels


def test_a_picture_out_of_focus(
    pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    sharp = a_sharp_plate()
    for light in "ac":
        complete = rewritten(complete, sources, light, png(sharp))
    blurred = rewritten(complete, sources, "b", png(cv2.GaussianBlur(sharp, (0, 0), 4.0)))

    reason = only_reason(pipeline, some_message(of=blurred))

    assert reason.startswith("light b: blurred: its sharpness is 0.")
    allowed = some_message(of=blurred, optics=Optics(min_sharpness=0.0), revision=2)
    verdict, _ = pipeline.inspect(allowed, attempt=1)
    assert verdict.decision is not Decision.INVALID
    assert [image.sharpness is not None and image.sharpness < 0.17 for image in verdict.images] == [False, True, False]


def test_a_picture_that_the_laser_lit(
    pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    rows, columns = np.mgrid[:600, :600]
    glow = 4 / (1 + 1.5 * (np.hypot(columns - 300, rows - 200) / 12) ** 2) ** 1.5 * 65535
    lit = np.clip(a_sharp_plate() + glow, 0, 65535).astype(np.uint16)
    for light, pixels in {"a": lit, "b": a_sharp_plate(), "c": a_sharp_plate()}.items():
        complete = rewritten(complete, sources, light, png(pixels))

    reason = only_reason(pipeline, some_message(of=complete))

    assert reason.startswith("light a: laser on: a spot ")
    allowed = some_message(of=complete, optics=Optics(glare="allow"), revision=2)
    assert pipeline.inspect(allowed, attempt=1)[0].decision is not Decision.INVALID


def test_a_picture_of_another_size_than_the_profile_knows(
    pipeline: Pipeline, complete: LayerSet, some_message: MakeMessage
) -> None:
    reason = only_reason(pipeline, some_message(of=complete, optics=Optics(width=2000, height=2000)))

    assert reason == "expected 2000 x 2000 pixels, got 200 x 160"


def test_lights_of_different_size(
    pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    small = png(np.arange(80 * 100, dtype=np.uint16).reshape(80, 100) * 8)

    reason = only_reason(pipeline, some_message(of=rewritten(complete, sources, "b", small)))

    assert reason == "the lights differ in size: a 200 x 160, b 100 x 80, c 200 x 160"


def test_lights_of_different_depth(
    pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    shallow = png(np.arange(160 * 200, dtype=np.uint16).reshape(160, 200).astype(np.uint8))

    reason = only_reason(pipeline, some_message(of=rewritten(complete, sources, "b", shallow)))

    assert reason == "the lights differ in bits of grey: a 16, b 8, c 16"


def test_a_file_that_changed_while_it_waited(
    pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    message = some_message(of=complete)
    (sources / complete.captures[0].path).write_bytes(b"the printer wrote again")

    reason = only_reason(pipeline, message)

    expected = "light a: B0001a.PNG changed while it waited; the new content is a revision of its own"
    assert reason == expected


def test_a_file_that_is_gone(pipeline: Pipeline, sources: Path, complete: LayerSet, some_message: MakeMessage) -> None:
    (sources / complete.captures[0].path).unlink()

    reason = only_reason(pipeline, some_message(of=complete))

    assert reason == "light a: B0001a.PNG is gone; it was there when the layer was queued"


def test_a_path_that_leaves_the_folder_is_not_followed(
    pipeline: Pipeline, sources: Path, tmp_path: Path, complete: LayerSet, some_message: MakeMessage
) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes((sources / complete.captures[0].path).read_bytes())
    escaping = replace(complete.captures[0], path="../outside.png")
    layer_set = replace(complete, captures=(escaping, *complete.captures[1:]))

    reason = only_reason(pipeline, some_message(of=layer_set))

    assert "is not inside" in reason


def test_a_plate_that_covers_nothing(pipeline: Pipeline, complete: LayerSet, some_message: MakeMessage) -> None:
    nowhere = ((1.0, 1.0), (1.0, 1.0), (1.0, 1.0))

    reason = only_reason(pipeline, some_message(of=complete, optics=Optics(plate=nowhere)))

    assert "covers no pixel" in reason


def test_a_set_that_shows_something_gets_an_overlay_and_an_empty_mask(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage, tmp_path: Path
) -> None:
    message = some_message(of=write_pictures(sources, lights="ac", defect_px=900))

    verdict, _ = pipeline.inspect(message, attempt=1)

    assert verdict.artifacts.overlay is not None
    assert verdict.artifacts.mask is not None
    mask = cv2.imread(str(tmp_path / "artifacts" / verdict.artifacts.mask), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    assert mask.shape == (160, 200)
    assert not mask.any()


def test_a_set_that_shows_nothing_gets_its_verdict_alone(
    pipeline: Pipeline, sources: Path, write_pictures: WritePictures, some_message: MakeMessage, tmp_path: Path
) -> None:
    layer_set = write_pictures(sources)
    pipeline.inspect(some_message(of=layer_set), attempt=1)
    for light in "abc":
        layer_set = rewritten(layer_set, sources, light, f"no picture {light}".encode())

    verdict, _ = pipeline.inspect(some_message(of=layer_set, revision=2), attempt=1)

    assert verdict.artifacts.overlay is None
    assert verdict.artifacts.mask is None
    folder = tmp_path / "artifacts" / verdict.key.folder
    assert {path.name for path in folder.iterdir()} == {"verdict-1.json", "verdict.json"}
    assert Verdict.from_json((folder / "verdict.json").read_bytes()) == verdict


def test_an_empty_source_folder_is_a_share_that_is_away_and_worth_another_try(
    pipeline: Pipeline, some_message: MakeMessage
) -> None:
    with pytest.raises(OSError, match="is empty or away"):
        pipeline.inspect(some_message(), attempt=1)


def test_a_set_that_is_invalid_anyway_is_not_tried_again_for_a_file_that_cannot_be_read(
    pipeline: Pipeline, some_message: MakeMessage
) -> None:
    verdict, _ = pipeline.inspect(some_message(problems=("the file cannot be read: Permission denied",)), attempt=1)

    assert verdict.decision is Decision.INVALID
    assert verdict.reasons[0] == "the file cannot be read: Permission denied"
