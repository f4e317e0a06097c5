"""What the pictures of one layer set show: numbers and decisions, no disk, no clock of the wall, no Redis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.job import CaptureMessage, InspectLayer
from layerwatch.judging import judge
from layerwatch.layers import Shape, shape_problems
from layerwatch.verdict import Decision, ImageFacts
from layerwatch.vision.normalise import to_channels
from layerwatch.vision.plate import plate_mask
from layerwatch.vision.quality import picture_problems, saturated_ratio
from layerwatch.vision.read import Picture
from layerwatch.vision.regions import Segmentation, find_regions
from layerwatch.vision.segmenter import Segmenter, segment_channels
from worker.model import LoadedModel
from worker.stopwatch import Stopwatch

MOST_LIGHTS = 3  # the network has three channels

Grey = NDArray[np.uint8]
Plate = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """One capture as it was read: a picture, or the problem in words that kept it from being one."""

    capture: CaptureMessage
    picture: Picture | None
    problem: str = ""

    def about(self, problem: str) -> str:
        """Return a problem of this capture, with the light where there are several."""
        return f"light {self.capture.light}: {problem}" if self.capture.light else problem


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
        plate, problems = _plate(pictures, message)
        problems = [*message.problems, *set_problems(message, readings), *problems]
        if not problems:
            problems = [reading.about(text) for reading in readings for text in _quality(reading, plate)]
        images = tuple(_facts(reading, plate) for reading in readings)
    if problems:
        return _invalid(tuple(dict.fromkeys(problems)), images, pictures)
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


def set_problems(message: InspectLayer, readings: Sequence[Reading]) -> list[str]:
    """Return what makes the set impossible to judge before any pixel is looked at."""
    problems = [f"missing light {light}" for light in message.layer_set.missing_lights]
    problems += [reading.about(reading.problem) for reading in readings if reading.picture is None]
    problems += shape_problems(
        {reading.capture.light: _shape(reading.picture) for reading in readings if reading.picture is not None}
    )
    if len(readings) > MOST_LIGHTS:
        problems.append(f"there are {len(readings)} lights; the model takes at most {MOST_LIGHTS}")
    return problems


def _shape(picture: Picture) -> Shape:
    height, width = picture.pixels.shape
    return Shape(width, height, picture.bits)


def _plate(pictures: Sequence[Picture], message: InspectLayer) -> tuple[Plate | None, list[str]]:
    """Return the plate (H, W) in the first picture, None for all of it, and what is wrong with it."""
    if not pictures:
        return None, []
    height, width = pictures[0].pixels.shape
    try:
        return plate_mask(height, width, message.optics.plate), []
    except ValueError as error:
        return None, [str(error)]


def _quality(reading: Reading, plate: Plate | None) -> tuple[str, ...]:
    return () if reading.picture is None else picture_problems(reading.picture, plate=plate)


def _facts(reading: Reading, plate: Plate | None) -> ImageFacts:
    capture, picture = reading.capture, reading.picture
    if picture is None:
        return ImageFacts(light=capture.light, path=capture.path, sha256=capture.sha256)
    height, width = picture.pixels.shape
    fits = plate is not None and plate.shape == picture.pixels.shape
    return ImageFacts(
        light=capture.light,
        path=capture.path,
        sha256=capture.sha256,
        width=width,
        height=height,
        bits=picture.bits,
        saturated_ratio=saturated_ratio(picture, plate if fits else None),
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
