"""From what somebody sends to an outline over a verdict's picture."""

import numpy as np
from fastapi import HTTPException
from numpy.typing import NDArray

from layerwatch.artifacts import Artifacts
from layerwatch.errors import LayerwatchError
from layerwatch.layer_files import MASK
from layerwatch.verdict import Region, Verdict
from layerwatch.vision.read import read_picture_bytes
from monitoring.corrections.drawings import common_size
from monitoring.corrections.outlines import outline_problem, region_outline
from monitoring.history.notes import Point
from monitoring.web.notes.models import NewCorrection

DECIMALS = 2  # of a pixel: nobody draws finer


def drawn_points(new: NewCorrection, verdict: Verdict, artifacts: Artifacts) -> tuple[Point, ...]:
    """Return the corners of what was drawn.

    Raises:
        HTTPException: nothing can be drawn over the pictures, there is no such region, or it is no outline in them.
    """
    width, height = _size(verdict)
    points = new.points or region_outline(_mask(verdict, artifacts), _region(new, verdict), width, height)
    problem = outline_problem(points, width, height)
    if problem is not None:
        raise HTTPException(422, problem)
    return tuple((round(x, DECIMALS), round(y, DECIMALS)) for x, y in points)


def _size(verdict: Verdict) -> tuple[int, int]:
    size = common_size(verdict)
    if size is None:
        raise HTTPException(409, "the pictures of this inspection could not be read, so nothing can be drawn over them")
    return size


def _region(new: NewCorrection, verdict: Verdict) -> Region:
    if new.region is None or new.region >= len(verdict.regions):
        raise HTTPException(422, f"the verdict lists {len(verdict.regions)} regions, counted from 0")
    return verdict.regions[new.region]


def _mask(verdict: Verdict, artifacts: Artifacts) -> NDArray[np.uint8] | None:
    """Return the mask of the layer, which may be of a later revision; None where it cannot be had."""
    try:
        pixels = read_picture_bytes(artifacts.read(verdict.key.folder / MASK), path=MASK).pixels
    except (OSError, LayerwatchError):
        return None
    return pixels.astype(np.uint8) if pixels.dtype == np.uint8 else None
