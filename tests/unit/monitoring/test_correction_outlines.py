"""Outlines of corrections: around a region, and which ones can be used."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.verdict import Region
from layerwatch.vision.regions import find_regions
from monitoring.corrections.outlines import MARGIN_PX, MOST_POINTS, outline_problem, region_outline

WIDTH, HEIGHT = 200, 160


def region_of(mask: NDArray[np.uint8]) -> Region:
    return find_regions(mask, threshold=0.5).regions[0]


def drawn(points: tuple[tuple[float, float], ...]) -> NDArray[np.uint8]:
    """Return what the trainer fills."""
    filled = np.zeros((HEIGHT, WIDTH), np.uint8)
    corners = np.rint((np.array(points) - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(filled, [corners], 255, shift=4)
    return filled


def test_the_outline_of_a_region_covers_it_and_leaves_its_neighbour_alone() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(mask, (20, 20), (120, 120), 255, 3)
    alone = mask.copy()
    cv2.circle(mask, (100, 40), 8, 255, -1)  # lies in the box around the line

    covered = drawn(region_outline(mask, region_of(mask), WIDTH, HEIGHT))

    assert covered[alone > 0].all()
    assert not covered[(mask > 0) & (alone == 0)].any()
    near = cv2.dilate(alone, np.ones((4 * MARGIN_PX, 4 * MARGIN_PX)))
    assert not covered[near == 0].any()


def test_a_region_with_a_ragged_edge_has_an_outline_of_few_points() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:140, 20:180] = 255
    mask[::4, :] = 0
    mask[:, 100:104] = 255

    points = region_outline(mask, region_of(mask), WIDTH, HEIGHT)

    assert 3 <= len(points) <= MOST_POINTS
    assert outline_problem(points, WIDTH, HEIGHT) is None


def test_at_the_edge_of_the_picture_the_outline_stays_inside() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[150:160, 0:5] = 255

    points = region_outline(mask, region_of(mask), WIDTH, HEIGHT)

    assert outline_problem(points, WIDTH, HEIGHT) is None
    assert drawn(points)[mask > 0].all()


@pytest.mark.parametrize("mask", [None, np.zeros((HEIGHT, WIDTH), np.uint8), np.full((50, 50), 255, np.uint8)])
def test_without_a_mask_that_shows_the_region_it_is_the_box_with_a_margin(mask: NDArray[np.uint8] | None) -> None:
    region = Region(bbox=(1, 50, 30, 20), area_px=400, area_mm2=None, max_confidence=0.9, mean_confidence=0.8)

    assert region_outline(mask, region, WIDTH, HEIGHT) == ((0, 50 - MARGIN_PX), (31 + MARGIN_PX, 70 + MARGIN_PX))


def test_the_mask_of_another_revision_is_not_taken_for_the_region() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[50:70, 1:31] = 255
    region = Region(bbox=(1, 50, 30, 20), area_px=400, area_mm2=None, max_confidence=0.9, mean_confidence=0.8)

    assert len(region_outline(mask, region, WIDTH, HEIGHT)) == 2, "the area there is 600 px"


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (((1, 1),), "got 1 points"),
        (((1, 1),) * 501, "got 501 points"),
        (((1, 1), (201, 20)), "inside the picture, 0 to 200 across"),
        (((1, 1), (20, -1)), "inside the picture"),
        (((5, 5), (5.5, 40)), "less than a pixel"),
        (((5, 5), (50, 5), (90, 5)), "less than a pixel"),
    ],
)
def test_what_is_no_outline_is_said_in_words(points: tuple[tuple[float, float], ...], said: str) -> None:
    assert said in (outline_problem(points, WIDTH, HEIGHT) or "")
