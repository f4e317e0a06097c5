from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from layerwatch.vision.regions import Segmentation, find_regions

Blob = Callable[..., NDArray[np.uint8]]


def slow_areas(probability: NDArray[np.uint8], threshold: float) -> list[list[tuple[int, int]]]:
    """Return the pixels of each connected area, found by walking from neighbour to neighbour."""
    open_pixels = {(int(y), int(x)) for y, x in np.argwhere((probability / 255 >= threshold) & (probability > 0))}
    areas = []
    while open_pixels:
        queue = deque([open_pixels.pop()])
        area = []
        while queue:
            y, x = queue.popleft()
            area.append((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & open_pixels
            open_pixels -= near
            queue.extend(near)
        areas.append(area)
    return areas


def assert_same(found: Segmentation, probability: NDArray[np.uint8], threshold: float, min_area_px: int) -> None:
    areas = [area for area in slow_areas(probability, threshold) if len(area) >= min_area_px]
    expected = []
    for area in areas:
        rows, columns = np.array(area).T
        values = probability[rows, columns] / 255
        bbox = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        expected.append((-len(area), bbox[1], bbox[0], bbox, values.max(), values.mean()))
    expected.sort()
    assert len(found.regions) == len(expected)
    for region, (size, _, _, bbox, highest, mean) in zip(found.regions, expected, strict=True):
        assert (region.area_px, region.bbox) == (-size, bbox)
        assert region.max_confidence == pytest.approx(highest)
        assert region.mean_confidence == pytest.approx(mean)
    assert found.area_px == sum(map(len, areas)) == np.count_nonzero(found.mask)
    assert found.max_confidence == pytest.approx(max((values[4] for values in expected), default=0))


@settings(deadline=None)
@given(
    probability=arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12))),
    threshold=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    min_area_px=st.integers(1, 6),
)
def test_regions_are_those_of_the_slow_reference(
    probability: NDArray[np.uint8], threshold: float, min_area_px: int
) -> None:
    found = find_regions(probability, threshold=threshold, min_area_px=min_area_px, limit=1000)

    assert_same(found, probability, threshold, min_area_px)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_smooth_regions_are_those_of_the_slow_reference(blob: Blob, threshold: float) -> None:
    probability = blob(90, 130)

    assert_same(find_regions(probability, threshold=threshold, min_area_px=10, limit=1000), probability, threshold, 10)


def test_the_threshold_is_reached_by_its_own_value() -> None:
    probability = np.arange(256, dtype=np.uint8).reshape(16, 16)

    for level in range(1, 256):
        assert find_regions(probability, threshold=level / 255, min_area_px=1).area_px == 256 - level


def test_a_threshold_of_zero_does_not_make_everything_a_defect() -> None:
    assert find_regions(np.zeros((9, 9), np.uint8), threshold=0.0, min_area_px=1).regions == ()


def test_areas_are_told_in_square_millimetres_where_the_scale_is_known() -> None:
    probability = np.zeros((50, 50), np.uint8)
    probability[10:20, 5:25] = 255

    region = find_regions(probability, threshold=0.5, min_area_px=1, mm_per_px=0.1).regions[0]

    assert region.bbox == (5, 10, 20, 10)
    assert region.area_mm2 == pytest.approx(2.0)
    assert find_regions(probability, threshold=0.5, min_area_px=1).regions[0].area_mm2 is None


def test_what_lies_off_the_plate_does_not_count() -> None:
    probability = np.full((20, 20), 255, np.uint8)
    plate = np.zeros((20, 20), np.bool_)
    plate[5:10, 5:15] = True

    found = find_regions(probability, threshold=0.5, min_area_px=1, plate=plate)

    assert found.area_px == 50
    assert np.array_equal(found.mask > 0, plate)
    assert probability.min() == 255  # the argument is left alone


def test_specks_below_the_smallest_area_are_gone_from_everything() -> None:
    probability = np.zeros((40, 40), np.uint8)
    probability[0, 0] = 255
    probability[10:14, 10:14] = 200

    found = find_regions(probability, threshold=0.5, min_area_px=2)

    assert (len(found.regions), found.area_px) == (1, 16)
    assert found.mask[0, 0] == 0
    assert found.max_confidence == pytest.approx(200 / 255)


def test_more_regions_than_the_limit_are_truncated_to_the_largest() -> None:
    probability = np.zeros((100, 100), np.uint8)
    for number in range(10):
        probability[number * 10, : number + 1] = 255

    found = find_regions(probability, threshold=0.5, min_area_px=1, limit=3)

    assert [region.area_px for region in found.regions] == [10, 9, 8]
    assert found.truncated
    assert found.area_px == sum(range(1, 11))
    assert not find_regions(probability, threshold=0.5, min_area_px=1, limit=10).truncated


@pytest.mark.timeout(60)  # a step for each pair of specks would take hours
def test_a_hundred_thousand_specks_are_counted() -> None:
    probability = np.zeros((2000, 2000), np.uint8)
    probability[::6, ::6] = 200

    found = find_regions(probability, threshold=0.5, min_area_px=1)

    assert found.area_px == 334**2 > 100_000
    assert (len(found.regions), found.truncated) == (200, True)


def test_a_view_into_a_larger_picture_is_read_rightly(blob: Blob) -> None:
    probability = blob(60, 60)[10:50:1, 5:45]

    assert_same(find_regions(probability, threshold=0.5, min_area_px=1, limit=1000), probability, 0.5, 1)


@pytest.mark.parametrize("threshold", [-0.1, 1.1])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold from 0 to 1"):
        find_regions(np.zeros((2, 2), np.uint8), threshold=threshold)


def test_a_region_that_is_uncertain_on_average_is_left_out_and_the_others_keep_their_extent() -> None:
    probability = np.zeros((40, 40), np.uint8)
    probability[5:15, 5:15] = 140
    probability[10, 10] = 255
    probability[25:35, 25:35] = 200
    probability[25, 25] = 140

    found = find_regions(probability, threshold=0.5, min_mean_confidence=0.7)

    assert [region.bbox for region in found.regions] == [(25, 25, 10, 10)]
    assert found.area_px == np.count_nonzero(found.mask) == 100


def test_less_certain_regions_count_where_one_is_certain_and_nowhere_else() -> None:
    doubtful = np.zeros((40, 40), np.uint8)
    doubtful[5:15, 5:15] = 140
    beside = doubtful.copy()
    beside[25:35, 25:35] = 250

    alone, both = (
        find_regions(picture, threshold=0.5, min_mean_confidence=0.52, certain_mean_confidence=0.9)
        for picture in (doubtful, beside)
    )

    assert not alone.regions
    assert alone.area_px == np.count_nonzero(alone.mask) == alone.max_confidence == 0
    assert sorted(region.bbox for region in both.regions) == [(5, 5, 10, 10), (25, 25, 10, 10)]
    assert both.area_px == np.count_nonzero(both.mask) == 200


def test_one_that_is_certain_but_too_small_makes_nothing_certain() -> None:
    probability = np.zeros((40, 40), np.uint8)
    probability[5:15, 5:15] = 140
    probability[30, 30] = 255

    found = find_regions(probability, threshold=0.5, min_area_px=4, certain_mean_confidence=0.9)

    assert found.regions == ()
