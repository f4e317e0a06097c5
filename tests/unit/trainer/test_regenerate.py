import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.vision.read import Picture
from trainer.regenerate.areas import Limits, areas, enclosed, filled
from trainer.regenerate.bed import walls
from trainer.regenerate.contact_sheet import ContactSheet
from trainer.regenerate.contrast import ROWS, contrast
from trainer.regenerate.dark_threshold import dark_threshold
from trainer.regenerate.lines import lines
from trainer.regenerate.order import ascending
from trainer.regenerate.scene import Scene
from trainer.regenerate.votes import agreed

SIDE = 200


def powder(seed: int, *, level: float = 30_000, lights: int = 3) -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(level, 600, (SIDE, SIDE)) for _ in range(lights)]


def taken(lights: list[NDArray[np.float64]]) -> list[Picture]:
    return [Picture(pixels=np.rint(light.clip(0, 65_535)).astype(np.uint16), bits=16) for light in lights]


def neighbours(number: int = 4) -> list[list[Picture]]:
    return [taken(powder(100 + seed)) for seed in range(number)]


def test_sorting_pictures_sorts_the_values_of_each_pixel() -> None:
    stack = np.random.default_rng(0).random((5, 7, 6)).astype(np.float32)

    assert np.array_equal(ascending(stack), np.sort(stack, axis=0))


@pytest.mark.parametrize(("needed", "strength"), [(1, 9), (2, 5), (3, 1), (None, 5)])
def test_a_vote_is_as_strong_as_the_weakest_light_that_it_needs(needed: int | None, strength: int) -> None:
    evidence = np.array([5, 9, 1], np.float32).reshape(3, 1, 1)

    assert agreed(evidence, needed=needed).item() == strength


@pytest.mark.parametrize(("sees", "strength"), [((1, 1, 0), 5), ((0, 1, 0), 9), ((1, 0, 1), 1), ((0, 0, 0), 0)])
def test_a_blind_light_does_not_vote(sees: tuple[int, ...], strength: int) -> None:
    evidence = np.array([5, 9, 1], np.float32).reshape(3, 1, 1)

    assert agreed(evidence, np.array(sees, np.bool_).reshape(3, 1, 1)).item() == strength


def test_more_votes_than_lights_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to 3 votes, got 4"):
        agreed(np.zeros((3, 1, 1), np.float32), needed=4)


def test_a_core_decides_and_weaker_evidence_extends_it() -> None:
    evidence = np.zeros((20, 40), np.float32)
    evidence[5:9, 2:10] = 4
    evidence[6, 5] = 8
    evidence[5:9, 22:30] = 4  # without a core

    found = areas(evidence, Limits(core=7, extent=3, share=0, nearby=(1, 1), least=10))

    assert found[5:9, 2:10].all()
    assert found.sum() == 32


def test_the_smoothed_edge_of_something_strong_does_not_belong_to_it() -> None:
    evidence = np.zeros((30, 30), np.float32)
    evidence[10:20, 10:20] = 5
    evidence[12:18, 12:18] = 50

    found = areas(evidence, Limits(core=7, extent=3, share=0.25, nearby=(9, 9), least=10))

    assert found.sum() == 36


def test_what_a_defect_encloses_belongs_to_it_unless_it_is_clean() -> None:
    mask, outside, evidence = (
        np.zeros((60, 120), np.bool_),
        np.zeros((60, 120), np.bool_),
        np.zeros((60, 120), np.float32),
    )
    for left in (5, 45, 85):
        mask[10:40, left : left + 30] = True
        mask[15:35, left + 5 : left + 25] = False
    mask[35:40, 85:115] = False
    outside[35:, 80:] = True
    evidence[:, :40] = 3
    evidence[:, 80:] = 3

    found = enclosed(mask, outside, evidence, least=2.5, hole=600)

    assert found[15:35, 10:30].all(), "evidence all over it"
    assert not found[15:35, 50:70].any(), "clean"
    assert found[15:35, 90:110].all(), "closed by what is not known"
    assert not found[:10].any(), "too large"
    assert not found[outside].any()


def test_small_holes_are_filled_and_large_ones_are_not() -> None:
    mask = np.zeros((60, 60), np.bool_)
    mask[5:55, 5:55] = True
    mask[10:14, 10:14] = False
    mask[20:50, 20:50] = False

    whole = filled(mask, 3, 50)

    assert whole[10:14, 10:14].all()
    assert not whole[25:45, 25:45].any()


def test_walls_are_dark_and_reach_the_border_of_the_picture() -> None:
    usual = np.full((100, 100), 0.6, np.float32)
    usual[:, :10] = 0.02
    usual[50:60, 60:70] = 0.02

    found = walls(usual)

    assert found[:, :10].all()
    assert not found[50:60, 60:70].any()


@pytest.mark.parametrize("shift", [-6_000, 6_000])
def test_what_neighbouring_layers_do_not_show_is_found_dark_or_bright(shift: int) -> None:
    lights = powder(1)
    for light in lights:
        light[80:100, 90:110] += shift

    mask = contrast(Scene(lights=taken(lights), neighbours=neighbours()))

    assert (mask[82:98, 92:108] == 255).all()
    assert (mask == 255).sum() < 900


def test_what_every_layer_shows_is_no_defect() -> None:
    layers = [powder(seed) for seed in range(5)]
    for layer in layers:
        for light in layer:
            light[80:100, 90:110] -= 6_000
    pictures = [taken(layer) for layer in layers]

    mask = contrast(Scene(lights=pictures[0], neighbours=pictures[1:]))

    assert not mask[85:95, 95:105].any()


def test_what_only_the_neighbours_show_is_no_defect() -> None:
    layers = [powder(seed) for seed in range(4)]
    for layer in layers:
        for light in layer:
            light[80:130, 90:140] -= 6_000  # a part, which the layer in question does not have yet
    pictures = [taken(layer) for layer in layers]

    assert not (contrast(Scene(lights=taken(powder(9)), neighbours=pictures)) == 255).any()


def test_islands_that_mirror_in_turn_are_none_but_a_spot_on_them_is_one() -> None:
    def with_an_island(seed: int, top: int, left: int) -> list[NDArray[np.float64]]:
        lights = powder(seed)
        for light in lights:
            light[top : top + 30, left : left + 30] += 1_200
        return lights

    turns = ((60, 60), (90, 60), (60, 90), (90, 90))
    layers = [taken(with_an_island(seed, *turn)) for seed, turn in enumerate(turns)]
    lights = with_an_island(7, 90, 75)
    for light in lights:
        light[70:80, 70:80] -= 9_000

    mask = contrast(Scene(lights=taken(lights), neighbours=layers))

    assert (mask[71:79, 71:79] == 255).all()
    assert not (mask[95:118, 85:103] == 255).any()


def test_a_faint_line_stands_out_more_the_longer_one_looks() -> None:
    rng = np.random.default_rng(3)
    light = rng.normal(0.5, 0.01, (300, 600)).astype(np.float32)
    light[150:153] -= 0.006
    sees = np.ones(light.shape, np.bool_)

    short, long = (float(np.median(lines(light, sees, third)[0][151, 100:500])) for third in ROWS)

    assert short < ROWS[21].core
    assert long > ROWS[63].core


def test_the_rim_of_a_plate_beside_a_wall_half_as_bright_is_no_line() -> None:
    layers = [powder(seed) for seed in range(5)]
    for layer in layers:
        for light in layer:
            light[:, :45] -= 13_000  # not dark enough to be taken for a wall
    pictures = [taken(layer) for layer in layers]

    assert not (contrast(Scene(lights=pictures[0], neighbours=pictures[1:])) == 255).any()


def test_a_faint_streak_along_the_picture_is_found() -> None:
    lights = powder(2)
    for light in lights:
        light[120:123] -= 1_500  # two and a half standard deviations of a pixel

    mask = contrast(Scene(lights=taken(lights), neighbours=neighbours()))

    assert (mask[121, 20:-20] == 255).mean() > 0.9
    assert (mask == 255).sum() < 11 * SIDE


def test_a_line_that_the_powder_did_not_have_is_the_edge_of_a_part() -> None:
    layers = [powder(seed) for seed in range(3)]
    for layer in layers:
        for light in layer:
            light[120:123] -= 1_500
    pictures = [taken(layer) for layer in layers]

    mask = contrast(Scene(lights=pictures[0], neighbours=pictures[1:], spread=taken(powder(9))))

    assert (mask[121] == 255).mean() < 0.2


def test_nothing_is_found_beside_the_plate() -> None:
    lights = powder(3)
    for light in lights:
        light[80:100, 20:40] -= 9_000
    plate = np.zeros((SIDE, SIDE), np.bool_)
    plate[:, 60:] = True

    assert not contrast(Scene(lights=taken(lights), neighbours=neighbours(), plate=plate)).any()


def test_clean_powder_has_an_empty_mask() -> None:
    assert not (contrast(Scene(lights=taken(powder(4)), neighbours=neighbours())) == 255).any()


def test_a_single_black_picture_has_an_empty_mask() -> None:
    black = Picture(pixels=np.zeros((64, 64), np.uint8), bits=8)

    assert not (contrast(Scene(lights=[black])) == 255).any()
    assert not dark_threshold(Scene(lights=[black])).any()


@pytest.mark.parametrize(("dark_in", "found"), [(1, False), (2, True)])
def test_the_dark_threshold_keeps_all_bits_and_needs_two_lights(dark_in: int, *, found: bool) -> None:
    lights = powder(5, level=2_000)  # all above 255: clipping to 8 bits would make everything white
    for light in lights:
        light[:] = np.clip(light, 1_000, 3_000)
    for light in lights[:dark_in]:
        light[50:60, 50:60] = 0

    mask = dark_threshold(Scene(lights=taken(lights)))

    assert bool((mask[51:59, 51:59] == 255).all()) is found


def test_pictures_of_different_sizes_are_no_scene() -> None:
    small = Picture(pixels=np.zeros((8, 8), np.uint8), bits=8)
    large = Picture(pixels=np.zeros((9, 8), np.uint8), bits=8)

    with pytest.raises(ValueError, match="pictures and plate of one size"):
        Scene(lights=[small], neighbours=[[large]])


def test_a_contact_sheet_shows_the_mask_beside_the_picture() -> None:
    sheet = ContactSheet()
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[:, : SIDE // 2] = 255
    sheet.add(Scene(lights=taken(powder(6, lights=1))), mask, "one")

    cell = sheet.cells[0]
    shown = cell[:SIDE, cell.shape[1] // 2 :]

    decoded = cv2.imdecode(np.frombuffer(sheet.png(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    assert decoded.shape[0] == cell.shape[0]
    assert (shown[10:-10, 10:80] == 255).all()
    assert not shown[10:-10, 110:190].any()
