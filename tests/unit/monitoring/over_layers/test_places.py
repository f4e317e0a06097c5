import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.over_layers.chance import at_least, chance_in_a_layer
from monitoring.over_layers.finds import Boxes
from monitoring.over_layers.places import hull, same_place, seen_in

REACH = 10.0
sides = st.integers(1, 400)
boxes = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900), sides, sides), min_size=1, max_size=6).map(
    lambda found: np.array(found, np.float64)
)


def box(*values: float) -> Boxes:
    return np.array([values], np.float64)


@given(boxes, boxes)
def test_lying_at_one_place_is_mutual(some: Boxes, others: Boxes) -> None:
    assert np.array_equal(same_place(some, others, REACH), same_place(others, some, REACH).T)


@given(boxes)
def test_everything_lies_at_its_own_place_and_is_seen_there(some: Boxes) -> None:
    assert same_place(some, some, REACH).diagonal().all()
    assert seen_in(some, some, REACH)[0].all()


@given(boxes, boxes)
def test_what_a_layer_shows_lies_no_further_than_the_reach_on_both_sides(some: Boxes, others: Boxes) -> None:
    seen, same = seen_in(some, others, REACH)

    assert np.array_equal(seen, same.any(axis=1))
    for one, other in np.argwhere(same):
        gap = np.maximum(some[one, :2], others[other, :2]) - np.minimum(
            some[one, :2] + some[one, 2:], others[other, :2] + others[other, 2:]
        )
        assert gap.max() < 2 * REACH


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((100, 400, 800, 10), (150, 403, 300, 8), True),  # a streak and a piece of it
        ((100, 400, 800, 10), (150, 440, 300, 8), False),  # two streaks side by side
        ((300, 300, 20, 30), (304, 298, 26, 40), True),  # an edge that grows
        ((0, 0, 500, 500), (200, 200, 12, 12), False),  # a speck inside a large area
        ((100, 100, 6, 6), (116, 100, 6, 6), True),  # two specks half a millimetre apart
        ((100, 100, 6, 6), (140, 100, 6, 6), False),
    ],
)
def test_a_place_is_what_an_engineer_would_call_one(
    one: tuple[int, ...], other: tuple[int, ...], *, same: bool
) -> None:
    assert bool(same_place(box(*one), box(*other), REACH)[0, 0]) is same


def test_a_speck_on_a_streak_is_not_the_streak_but_its_pieces_together_are() -> None:
    streak, speck = box(100, 400, 800, 10), box(500, 401, 9, 9)
    pieces = np.array([(100, 400, 150, 9), (600, 402, 200, 9)], np.float64)

    assert not seen_in(streak, speck, REACH)[0][0]
    assert seen_in(streak, pieces, REACH)[0][0]


@given(boxes)
def test_a_hull_holds_all_and_no_more(some: Boxes) -> None:
    ((left, top, width, height),) = hull(some)

    assert (left, top) == (some[:, 0].min(), some[:, 1].min())
    assert (left + width, top + height) == ((some[:, 0] + some[:, 2]).max(), (some[:, 1] + some[:, 3]).max())


@pytest.mark.parametrize("high", [1000, 60])
def test_the_chance_of_a_coincidence_is_at_least_what_throwing_marks_gives(high: int) -> None:
    """Marks thrown over the whole picture, or along a row of it."""
    rng = np.random.default_rng(5)
    place, layers = box(480, 20, 20, 25), 8

    def thrown() -> Boxes:
        sizes = rng.uniform(8, 24, (6, 2))
        return np.column_stack([rng.uniform(0, 1000 - sizes[:, 0]), rng.uniform(0, high - sizes[:, 1]), sizes])

    marks = np.concatenate([thrown() for _ in range(layers)])
    once = np.ones(len(marks), np.intp)
    chance = chance_in_a_layer(place, marks, once, layers=layers, size=(1000, 1000), reach=REACH)[0]
    hits = sum(bool(seen_in(place, thrown(), REACH)[0][0]) for _ in range(3000)) / 3000

    assert 0.8 * hits <= chance < 6 * hits


def test_at_least_so_many_of_so_many_is_what_counting_all_outcomes_gives() -> None:
    ones = [number.bit_count() for number in range(2**5)]
    expected = sum(0.2**hits * 0.8 ** (5 - hits) for hits in ones if hits >= 3)

    assert at_least(3, 5, 0.2) == pytest.approx(expected)
