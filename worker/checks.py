"""Whether a layer set can be judged, before the model is asked. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwatch.job import CaptureMessage, InspectLayer, Optics
from layerwatch.layers import Shape, shape_problems, size_problems
from layerwatch.vision.glare import glare_problems
from layerwatch.vision.plate import plate_mask
from layerwatch.vision.quality import Quality, measure, quality_problems
from layerwatch.vision.read import Picture

MOST_LIGHTS = 3  # the network has three channels

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
class Checked:
    """What is known of a layer set before the model is asked.

    Attributes:
        plate: (H, W) the pixels that count; None for all.
        qualities: one for each reading, None where there is no picture.
        problems: why it cannot be judged, in words, each once.
    """

    plate: Plate | None
    qualities: tuple[Quality | None, ...]
    problems: tuple[str, ...]


def check(message: InspectLayer, readings: Sequence[Reading]) -> Checked:
    """Return what the pictures of a set are like, and what keeps them from being judged.

    What ingest found may follow from what a picture shows, as all black pictures are the same: both are told.
    """
    plate, plate_problems = _plate(readings, message)
    problems = [*set_problems(message, readings), *plate_problems]
    qualities = tuple(_quality(reading, plate) for reading in readings)
    problems = problems or picture_problems(readings, qualities, message.optics)
    if message.optics.glare == "invalid" and not message.problems:
        problems = problems or glare_problems(by_light(readings), plate)
    return Checked(plate=plate, qualities=qualities, problems=tuple(dict.fromkeys((*message.problems, *problems))))


def set_problems(message: InspectLayer, readings: Sequence[Reading]) -> list[str]:
    """Return what makes the set impossible to judge before any pixel is looked at."""
    problems = [f"missing light {light}" for light in message.layer_set.missing_lights]
    problems += [reading.about(reading.problem) for reading in readings if reading.picture is None]
    shapes = {light: _shape(picture) for light, picture in by_light(readings).items()}
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


def by_light(readings: Sequence[Reading]) -> dict[str, Picture]:
    return {reading.capture.light: reading.picture for reading in readings if reading.picture is not None}


def _shape(picture: Picture) -> Shape:
    height, width = picture.pixels.shape
    return Shape(width, height, picture.bits)


def _plate(readings: Sequence[Reading], message: InspectLayer) -> tuple[Plate | None, list[str]]:
    """Return the plate (H, W) in the first picture, None for all of it, and what is wrong with it."""
    pictures = [reading.picture for reading in readings if reading.picture is not None]
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
