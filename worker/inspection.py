"""What the pictures of one layer set show: numbers and decisions, no disk, no clock of the wall, no Redis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.job import CaptureMessage, InspectLayer, Optics
from layerwatch.judging import judge
from layerwatch.layers import Shape, shape_problems, size_problems
from layerwatch.verdict import Decision, ImageFacts
from layerwatch.vision.agreement import with_lights
from layerwatch.vision.glare import glare_problems
from layerwatch.vision.normalise import to_channels
from layerwatch.vision.plate import plate_mask
from layerwatch.vision.quality import Quality, measure, quality_problems
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
        qualities = [_quality(reading, plate) for reading in readings]
        problems = problems or picture_problems(readings, qualities, message.optics)
        if message.optics.glare == "invalid":
            problems = problems or glare_problems(_by_light(readings), plate)
        images = tuple(map(_facts, readings, qualities))
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
        segmentation = with_lights(segmentation, _by_light(readings))
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
    shapes = {light: _shape(picture) for light, picture in _by_light(readings).items()}
    problems += shape_problems(shapes) or size_problems(shapes, message.optics.width, message.optics.height)
    if len(readings) > MOST_LIGHTS:
        problems.append(f"there are {len(readings)} lights; the model takes at most {MOST_LIGHTS}")
    return problems


def picture_problems(readings: Sequence[Reading], qualities: Sequence[Quality | None], optics: Optics) -> list[str]:
    """Return which pictures of a set cannot be judged, and why."""
    problems: list[str] = []
    for reading, quality in zip(readings, qualities, strict=True):
        if quality is not None:
            most = optics.saturation_of(reading.capture.light)
            found = quality_problems(quality, max_saturated=most, min_sharpness=optics.min_sharpness)
            problems += map(reading.about, found)
    return problems


def _by_light(readings: Sequence[Reading]) -> dict[str, Picture]:
    return {reading.capture.light: reading.picture for reading in readings if reading.picture is not None}


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


def _quality(reading: Reading, plate: Plate | None) -> Quality | None:
    """Return what was measured on a picture; on all of it where the plate was cut for another size."""
    picture = reading.picture
    if picture is None:
        return None
    fits = plate is not None and plate.shape == picture.pixels.shape
    return measure(picture, plate if fits else None)


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
        return segment_channels(channels, timed, spec, size=pictures[0].pixels.shape)


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
