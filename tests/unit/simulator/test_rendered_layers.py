import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.layers import Stage
from simulator.build import Build, Polygon, plan_build
from simulator.defects import events
from simulator.exposure import clean_surface
from simulator.geometry import bed_mask
from simulator.kinds import KIND_INDEX, Kind
from simulator.render import render_layer
from simulator.truth import MIN_REGION_PX, regions


def a_build(seed: int = 7, *, bits: int = 16, defect_rate: float = 0.6, plate: Polygon | None = None) -> Build:
    return plan_build(seed=seed, size=256, bits=bits, defect_rate=defect_rate, plate=plate)


def some_layers(builds: int = 6) -> list[tuple[Build, int, Stage]]:
    return [(a_build(seed), layer, stage) for seed in range(builds) for layer in (2, 5) for stage in Stage]


def test_a_layer_is_the_same_however_often_and_in_whatever_order_it_is_drawn() -> None:
    first = render_layer(a_build(), 5, Stage.MELT)

    render_layer(a_build(seed=8), 2, Stage.RECOAT)
    again = render_layer(a_build(), 5, Stage.MELT)

    assert all(np.array_equal(first.lights[light], again.lights[light]) for light in "abc")
    assert np.array_equal(first.kinds, again.kinds)


def test_layers_stages_lights_and_seeds_all_differ() -> None:
    pictures = [
        render_layer(build, layer, stage).lights[light]
        for build, layer, stage, light in (
            (a_build(), 2, Stage.RECOAT, "a"),
            (a_build(), 2, Stage.RECOAT, "b"),
            (a_build(), 2, Stage.MELT, "a"),
            (a_build(), 3, Stage.RECOAT, "a"),
            (a_build(seed=8), 2, Stage.RECOAT, "a"),
        )
    ]

    assert all(not np.array_equal(one, two) for i, one in enumerate(pictures) for two in pictures[:i])


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (12, np.uint16), (16, np.uint16)])
def test_the_picture_uses_the_bits_that_were_asked_for(bits: int, dtype: type) -> None:
    picture = render_layer(a_build(bits=bits), 1, Stage.RECOAT).lights["a"]

    assert picture.dtype == dtype
    assert picture.shape == (256, 256)
    assert 2 ** (bits - 1) < picture.max() <= 2**bits - 1


def test_truth_and_kinds_agree_and_no_region_is_tiny() -> None:
    for build, layer, stage in some_layers():
        rendered = render_layer(build, layer, stage)

        assert set(np.unique(rendered.truth)) <= {0, 255}
        assert np.array_equal(rendered.truth > 0, rendered.kinds > 0)
        whole = (rendered.truth > 0).astype(np.uint8)
        assert all(region.area_px >= MIN_REGION_PX for region in regions(whole))


def test_truth_names_only_kinds_that_were_drawn() -> None:
    for build, layer, stage in some_layers():
        drawn = {KIND_INDEX[event.kind] for event in events(build, layer, stage)}

        found = set(np.unique(render_layer(build, layer, stage).kinds)) - {0}

        assert found <= drawn


def test_truth_lies_on_the_powder_bed() -> None:
    plate = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
    for seed in range(4):
        build = a_build(seed, plate=plate, defect_rate=1.0)

        truth = render_layer(build, 3, Stage.RECOAT).truth

        assert not truth[bed_mask(build) < 0.5].any()


def test_a_defect_that_is_true_changes_the_picture() -> None:
    for seed in range(6):
        flawed = render_layer(a_build(seed, defect_rate=1.0), 3, Stage.RECOAT)
        sound = render_layer(a_build(seed, defect_rate=0.0), 3, Stage.RECOAT)

        inside = flawed.truth > 0
        changes = [np.abs(flawed.lights[k].astype(np.int64) - sound.lights[k].astype(np.int64)) for k in "abc"]
        assert inside.any()
        assert max(float(change[inside].mean()) for change in changes) > 65535 * 0.01


def test_no_defects_are_drawn_at_rate_zero_and_some_in_every_set_at_rate_one() -> None:
    sound, flawed = a_build(defect_rate=0.0), a_build(defect_rate=1.0)

    assert not any(events(sound, layer, stage) for layer in range(1, 60) for stage in Stage)
    assert all(events(flawed, layer, stage) for layer in range(1, 60) for stage in Stage)


def test_about_four_in_ten_layer_sets_are_clean_by_default() -> None:
    sets = [events(a_build(seed), layer, stage) for seed in range(40) for layer in range(1, 30) for stage in Stage]

    clean = sum(not found for found in sets) / len(sets)

    assert 0.35 < clean < 0.45


def test_streaks_last_for_several_layers_at_the_same_place() -> None:
    build, first = next(
        (build, layer)
        for build in map(a_build, range(50))
        for layer in range(2, 30)
        if any(event.kind is Kind.STREAK for event in events(build, layer, Stage.RECOAT))
    )

    masks = [streak_mask(build, first + further) for further in range(3)]

    assert masks[0].any()
    for mask in masks[1:]:
        assert (mask & masks[0]).sum() > 0.5 * min(mask.sum(), masks[0].sum())


def streak_mask(build: Build, layer: int) -> NDArray[np.bool_]:
    return np.asarray(render_layer(build, layer, Stage.RECOAT).kinds == KIND_INDEX[Kind.STREAK])


def test_saturation_spreads_widely_around_that_of_real_machines() -> None:
    shares = np.array([saturated_shares(a_build(seed, defect_rate=0.0)) for seed in range(40)])

    assert shares[..., 0].mean() == pytest.approx(0.40, abs=0.10)
    assert shares[..., 1].mean() == pytest.approx(0.50, abs=0.10)
    assert shares[..., 2].mean() == pytest.approx(0.13, abs=0.06)
    assert shares.max() < 0.85
    assert (shares.max(axis=(1, 2)) < 0.05).any()


def saturated_shares(build: Build) -> list[list[float]]:
    bed = bed_mask(build) > 0.5
    layers = [render_layer(build, 2, stage).lights for stage in Stage]
    return [[float((lights[light][bed] == 65535).mean()) for light in "abc"] for lights in layers]


def test_melted_parts_lie_deeper_and_shine_and_powder_does_not() -> None:
    powder, melted = (clean_surface(a_build(), 3, stage) for stage in Stage)

    assert not powder.gloss.any()
    assert melted.gloss.max() > 0.3
    assert melted.height[melted.gloss > 0.3].mean() < powder.height.mean()
