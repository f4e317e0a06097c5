import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from layerwatch.vision.regions import find_regions
from trainer.overlap import FOUND_SHARE, compare, true_regions


def blobs(seed: int) -> NDArray[np.uint8]:
    """Some rectangles of values 1 to 3 on a small plate."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((40, 40), np.uint8)
    for _ in range(rng.integers(0, 7)):
        top, left = rng.integers(0, 36, 2)
        picture[top : top + rng.integers(1, 9), left : left + rng.integers(1, 9)] = rng.integers(1, 4)
    return picture


def flood(mask: NDArray[np.bool_]) -> list[set[tuple[int, int]]]:
    """The connected areas, slowly."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    areas = []
    while left:
        area, border = set(), [left.pop()]
        while border:
            y, x = border.pop()
            area.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            border += near
        areas.append(area)
    return areas


@given(truth=st.integers(0, 300), guess=st.integers(0, 300), least=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_found_and_false_regions_are_those_of_a_slow_flood_fill(truth: int, guess: int, least: int) -> None:
    kinds, mask = blobs(truth), blobs(guess)

    overlap = compare(mask, true_regions(kinds))

    predicted = [area for area in flood(mask > 0) if len(area) >= least]
    covered = set().union(*predicted)
    defects = flood(kinds > 0)
    assert sorted(overlap.true_areas.tolist()) == sorted(map(len, defects))
    found = sum(len(area & covered) >= FOUND_SHARE * len(area) for area in defects)
    assert overlap.found(least).sum() == found
    everywhere = set().union(*defects)
    assert overlap.false_regions(least) == sum(not area & everywhere for area in predicted)


@pytest.mark.parametrize("seed", range(5))
def test_the_regions_are_the_same_as_in_serving(seed: int) -> None:
    probability = blobs(seed) * 80

    served = find_regions(probability, threshold=100 / 255, min_area_px=1, mm_per_px=None)
    overlap = compare((probability >= 100).astype(np.uint8), true_regions(np.zeros_like(probability)), probability)

    assert sorted(region.area_px for region in served.regions) == sorted(overlap.areas.tolist())
    confidences = sorted(region.mean_confidence for region in served.regions)
    assert confidences == pytest.approx(sorted(overlap.means / 255))


def test_the_kind_of_a_region_is_that_of_most_of_its_pixels() -> None:
    kinds = np.zeros((10, 10), np.uint8)
    kinds[2:5, 2:5] = 4
    kinds[5, 2:4] = 2

    assert compare(np.zeros_like(kinds), true_regions(kinds)).true_kinds.tolist() == [4]
