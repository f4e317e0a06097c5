"""Spots drawn over a plate that three lights show; those of real lasers are in tests/integration."""

import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.vision.glare import Glare, find_glare, glare_problems
from layerwatch.vision.read import Picture

SIZE = 1000
Grey = NDArray[np.float32]


def powder(light: str, level: float = 0.5) -> Grey:
    """Return shares of full scale: grained powder under a slope of light."""
    rng = np.random.default_rng(ord(light))
    slope = np.linspace(level - 0.1, level + 0.1, SIZE)
    return np.asarray(slope + rng.normal(0, 0.02, (SIZE, SIZE)), np.float32)


def distance_to(x: int, y: int) -> Grey:
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    return np.asarray(np.hypot(columns - x, rows - y), np.float32)


def glow(radius: float, x: int = 600, y: int = 350) -> Grey:
    """Return the light that a melt pool adds: a core far over full scale and a halo that fades around it."""
    return np.asarray(4 / (1 + 1.5 * (distance_to(x, y) / radius) ** 2) ** 1.5, np.float32)


def disc(radius: float, x: int = 600, y: int = 350) -> Grey:
    """Return a spot that reflects, with a sharp edge."""
    return (distance_to(x, y) <= radius).astype(np.float32)


def seen(**lights: Grey) -> dict[str, Picture]:
    return {
        light: Picture(pixels=(np.clip(grey, 0, 1) * 65535).astype(np.uint16), bits=16)
        for light, grey in lights.items()
    }


def found(**lights: Grey) -> dict[str, Glare]:
    return find_glare(seen(**lights))


@pytest.mark.parametrize("radius", [8.0, 15.0, 30.0])
@pytest.mark.parametrize("light", ["a", "c"])
def test_a_spot_that_glows_in_one_light_is_found_with_its_place(light: str, radius: float) -> None:
    lights = {name: powder(name) for name in "abc"}
    lights[light] += glow(radius)

    (spot,) = found(**lights).values()

    assert found(**lights).keys() == {light}
    assert abs(spot.x - 600) <= 4
    assert abs(spot.y - 350) <= 4


def test_it_is_told_in_words_with_what_to_do() -> None:
    (problem,) = glare_problems(seen(a=powder("a"), b=powder("b") + glow(15.0)))

    assert problem.startswith("light b: laser on: a spot ")
    assert 'set glare = "allow"' in problem


def test_a_plate_without_a_spot_has_none() -> None:
    assert found(a=powder("a"), b=powder("b"), c=powder("c")) == {}


def test_what_glows_in_all_lights_is_no_laser() -> None:
    assert found(**{light: powder(light) + glow(15.0) for light in "abc"}) == {}


def test_what_another_light_shows_less_brightly_is_no_laser() -> None:
    assert found(a=powder("a") + glow(15.0), b=powder("b") + 0.3 * disc(25.0), c=powder("c")) == {}


def test_a_part_that_reflects_with_sharp_edges_is_no_laser() -> None:
    assert found(a=powder("a") + disc(25.0), b=powder("b"), c=powder("c")) == {}


def test_an_elevated_edge_that_shines_is_no_laser() -> None:
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    line = np.hypot(columns - np.clip(columns, 500, 700), rows - 350)
    edge = np.asarray(3 * np.exp(-((line / 4) ** 2)), np.float32)

    assert found(a=powder("a") + edge, b=powder("b"), c=powder("c")) == {}


def test_spatter_of_a_few_pixels_is_no_laser() -> None:
    assert found(a=powder("a") + glow(2.0), b=powder("b"), c=powder("c")) == {}


def test_a_lamp_that_lights_a_tenth_of_the_plate_is_no_laser() -> None:
    assert found(a=powder("a") + glow(120.0), b=powder("b"), c=powder("c")) == {}


def test_on_powder_that_is_nearly_white_nothing_can_be_told() -> None:
    assert found(a=powder("a", 0.9) + glow(15.0), b=powder("b"), c=powder("c")) == {}


def test_under_one_light_nothing_can_be_told() -> None:
    assert found(a=powder("a") + glow(15.0)) == {}


def test_a_spot_beside_the_plate_does_not_count() -> None:
    plate = np.zeros((SIZE, SIZE), np.bool_)
    plate[:, :500] = True
    lights = seen(a=powder("a") + glow(15.0), b=powder("b"))

    assert find_glare(lights, plate) == {}
    assert find_glare(lights, ~plate).keys() == {"a"}
