"""Captures become layer sets."""

from datetime import UTC, datetime

from layerwatch.grouping import group_by_layer
from layerwatch.layers import Capture, LayerSet, Stage
from layerwatch.profile import CaptureName

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def pair(
    path: str, *, light: str = "a", layer: int = 1, build: str = "b1", minute: int = 0
) -> tuple[CaptureName, Capture]:
    name = CaptureName(build=build, layer=layer, stage=Stage.MELT, light=light)
    return name, Capture(light=light, path=path, sha256="0" * 64, modified=NOON.replace(minute=minute))


def grouped(*named: tuple[CaptureName, Capture]) -> tuple[LayerSet, ...]:
    return group_by_layer(named, printer="m290", default_build="folder", expected_lights=("a", "b"))


def test_lights_of_a_layer_come_together_in_their_order() -> None:
    (layer_set,) = grouped(pair("x/b", light="b"), pair("x/a", light="a"))

    assert [capture.light for capture in layer_set.captures] == ["a", "b"]
    assert layer_set.missing_lights == ()


def test_layers_come_in_the_order_of_their_keys() -> None:
    sets = grouped(pair("3", layer=3), pair("1", layer=1), pair("2", layer=2))

    assert [layer_set.key.layer for layer_set in sets] == [1, 2, 3]


def test_a_layer_without_a_build_takes_the_default() -> None:
    (layer_set,) = grouped(pair("x", build=""))

    assert layer_set.key.build == "folder"
    assert layer_set.missing_lights == ("b",)


def test_of_two_files_for_one_light_the_later_counts() -> None:
    (layer_set,) = grouped(pair("newer", minute=5), pair("older", minute=1))

    assert [capture.path for capture in layer_set.captures] == ["newer"]
