"""What the pictures of one layer set show: numbers and decisions, no disk, no clock of the wall, no Redis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.job import InspectLayer
from layerwatch.judging import judge
from layerwatch.verdict import Decision, ImageFacts
from layerwatch.vision.agreement import with_lights
from layerwatch.vision.normalise import to_channels
from layerwatch.vision.quality import Quality
from layerwatch.vision.read import Picture
from layerwatch.vision.regions import Segmentation, find_regions
from layerwatch.vision.segmenter import Segmenter, segment_channels
from worker.checks import Plate, Reading, by_light, check
from worker.model import LoadedModel
from worker.stopwatch import Stopwatch

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """What an inspection found.

    Attributes:
        shown: the picture to draw on, None where none could be read.
        segmentation: at the size of `shown`; without regions where the set is invalid.
        probability: (H, W), the model's output * 255; None where the model was not asked.
        judged_px: pixels that were judged, those on the plate.
    """

    decision: Decision
    reasons: tuple[str, ...]
    images: tuple[ImageFacts, ...]
    shown: Picture | None
    segmentation: Segmentation | None
    probability: Grey | None
    judged_px: int


def examine(message: InspectLayer, readings: Sequence[Reading], model: LoadedModel, watch: Stopwatch) -> Findings:
    """Return what the model says about a layer set, or why it cannot be asked.

    Args:
        message: the job.
        readings: one for each capture of the message, in its order.
        model: segments, and brings its threshold and limits.
        watch: keeps the time of each step.
    """
    pictures = [reading.picture for reading in readings if reading.picture is not None]
    with watch.step("preprocess"):
        checked = check(message, readings)
        images = tuple(map(_facts, readings, checked.qualities))
    if checked.problems:
        return _invalid(checked.problems, images, pictures)
    plate = checked.plate
    probability = _probability(pictures, plate, model, watch)
    with watch.step("postprocess"):
        segmentation = find_regions(
            probability,
            threshold=model.point.threshold,
            min_area_px=model.point.limits.min_region_px,
            min_mean_confidence=model.point.limits.min_mean_confidence,
            certain_mean_confidence=model.point.limits.certain_mean_confidence,
            mm_per_px=message.optics.mm_per_px,
            plate=plate,
        )
        segmentation = with_lights(segmentation, by_light(readings))
        decision, reasons = judge(segmentation.regions, model.point.limits)
    return Findings(
        decision=decision,
        reasons=reasons,
        images=images,
        shown=pictures[0],
        segmentation=segmentation,
        probability=probability,
        judged_px=probability.size if plate is None else int(np.count_nonzero(plate)),
    )


def _facts(reading: Reading, quality: Quality | None) -> ImageFacts:
    capture, picture = reading.capture, reading.picture
    if picture is None or quality is None:
        return ImageFacts(light=capture.light, path=capture.path, sha256=capture.sha256)
    height, width = picture.pixels.shape
    return ImageFacts(
        light=capture.light,
        path=capture.path,
        sha256=capture.sha256,
        width=width,
        height=height,
        bits=picture.bits,
        saturated_ratio=quality.saturated_ratio,
        sharpness=None if quality.sharpness is None else round(quality.sharpness, 3),
    )


def _probability(pictures: Sequence[Picture], plate: Plate | None, model: LoadedModel, watch: Stopwatch) -> Grey:
    """Return `segment_picture` of the pictures, each step timed."""
    spec = model.input_spec
    with watch.step("preprocess"):
        channels = to_channels(pictures, scale=spec.scale, plate=plate, low=spec.low, high=spec.high)
    with watch.step("postprocess"):
        timed = _Timed(model.segmenter, watch)
        return segment_channels(channels, timed, spec, size=pictures[0].pixels.shape, plate=plate)


class _Timed:
    """A segmenter whose time counts as inference, not as the step around it."""

    def __init__(self, segmenter: Segmenter, watch: Stopwatch) -> None:
        self._segmenter = segmenter
        self._watch = watch

    def __call__(self, tiles: Grey, /) -> Grey:
        with self._watch.step("inference"):
            return self._segmenter(tiles)


def _invalid(reasons: tuple[str, ...], images: tuple[ImageFacts, ...], pictures: Sequence[Picture]) -> Findings:
    shown = pictures[0] if pictures else None
    return Findings(
        decision=Decision.INVALID,
        reasons=reasons,
        images=images,
        shown=shown,
        segmentation=None if shown is None else _nothing_found(shown),
        probability=None,
        judged_px=0,
    )


def _nothing_found(picture: Picture) -> Segmentation:
    mask = np.zeros(picture.pixels.shape, np.uint8)
    return Segmentation(mask=mask, regions=(), truncated=False, area_px=0, max_confidence=0.0)
