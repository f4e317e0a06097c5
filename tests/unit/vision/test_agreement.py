import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.vision.agreement import with_lights
from layerwatch.vision.read import Picture
from layerwatch.vision.regions import find_regions

Box = tuple[slice, slice]
SPOT: Box = np.s_[100:130, 150:180]


def powder(seed: int, *, size: tuple[int, int] = (400, 500), level: float = 30_000) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(level, 800, size)


def a_picture(grey: NDArray[np.float64]) -> Picture:
    return Picture(pixels=np.clip(grey, 0, 65535).astype(np.uint16), bits=16)


def lights_of(*boxes: Box, **lights: NDArray[np.float64]) -> list[tuple[str, ...] | None]:
    """Return the lights that show each of the boxes, in their order."""
    probability = np.zeros(next(iter(lights.values())).shape, np.uint8)
    for box in boxes:
        probability[box] = 255
    found = find_regions(probability, threshold=0.5)
    seen = with_lights(found, {light: a_picture(grey) for light, grey in lights.items()}).regions
    corner = {region.bbox[:2]: region.lights for region in seen}
    return [corner[box[1].start, box[0].start] for box in boxes]


@pytest.mark.parametrize("change", [-6000, 6000])
def test_a_light_shows_what_is_darker_or_brighter_than_its_surroundings(change: int) -> None:
    a, b, c = powder(1), powder(2), powder(3)
    a[SPOT] += change
    c[SPOT] += change

    assert lights_of(SPOT, a=a, b=b, c=c) == [("a", "c")]


def test_a_light_shows_what_is_rougher_than_its_surroundings() -> None:
    a, b = powder(1), powder(2)
    a[SPOT] = np.random.default_rng(9).normal(30_000, 6000, a[SPOT].shape)

    assert lights_of(SPOT, a=a, b=b) == [("a",)]


def test_what_no_light_shows_has_no_lights() -> None:
    assert lights_of(SPOT, a=powder(1), b=powder(2)) == [()]


def test_a_light_that_is_saturated_there_shows_nothing() -> None:
    a, b = powder(1), powder(2)
    a[SPOT] -= 6000
    b[:] = 70_000
    b[SPOT] = 20_000

    assert lights_of(SPOT, a=a, b=b) == [("a",)]


def test_a_spot_at_full_scale_in_powder_that_is_not_is_shown() -> None:
    a, b = powder(1), powder(2)
    a[SPOT] = 65_535

    assert lights_of(SPOT, a=a, b=b) == [("a",)]


def test_one_light_alone_agrees_with_nobody() -> None:
    assert lights_of(SPOT, a=powder(1)) == [None]


def test_a_neighbouring_region_is_no_surroundings() -> None:
    a, b = powder(1), powder(2)
    neighbour = np.s_[100:130, 183:260]
    a[neighbour] -= 20_000
    b[SPOT] -= 6000

    assert lights_of(SPOT, neighbour, a=a, b=b) == [("b",), ("a",)]


def test_each_region_is_looked_at_by_itself() -> None:
    a, b = powder(1), powder(2)
    other = np.s_[300:320, 20:60]
    a[SPOT] += 6000
    b[other] += 6000

    assert lights_of(SPOT, other, a=a, b=b) == [("a",), ("b",)]


def test_a_line_over_the_whole_plate_is_shown() -> None:
    a, b = powder(1, size=(1500, 1500)), powder(2, size=(1500, 1500))
    line = np.s_[700:703, 10:1490]
    a[line] += 6000

    assert lights_of(line, a=a, b=b) == [("a",)]


def test_a_region_that_leaves_no_surroundings_is_shown_by_none() -> None:
    everywhere = np.s_[0:400, 0:500]

    assert lights_of(everywhere, a=powder(1) + 9000, b=powder(2)) == [()]


def test_a_region_in_a_corner_has_a_ring_on_two_sides() -> None:
    a, b = powder(1), powder(2)
    corner = np.s_[0:12, 0:9]
    a[corner] += 6000

    assert lights_of(corner, a=a, b=b) == [("a",)]


def test_a_flat_picture_of_eight_bits_shows_a_step_of_two_levels() -> None:
    grey = np.full((100, 100), 100, np.uint8)
    probability = np.zeros((100, 100), np.uint8)
    probability[40:60, 40:60] = 255
    stepped = grey.copy()
    stepped[40:60, 40:60] += 2
    pictures = {"a": Picture(pixels=stepped, bits=8), "b": Picture(pixels=grey, bits=8)}

    (region,) = with_lights(find_regions(probability, threshold=0.5), pictures).regions

    assert region.lights == ("a",)
