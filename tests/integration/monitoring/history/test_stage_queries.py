"""What is asked of one stage of a build, on SQLite and PostgreSQL alike."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from layerwatch.layers import LayerKey, Stage
from layerwatch.verdict import Decision, Region, Verdict
from monitoring.history.answers import BuildFacts
from monitoring.history.build_queries import BuildQueries
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.stage_queries import Box, ColumnLayer, Place, StageQueries
from monitoring.history.store import HistoryStore
from tests.integration.monitoring.history.conftest import published

VerdictMaker = Callable[..., Verdict]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ALL = {"first": 0, "last": 99_999_999, "limit": 1000}


def key_of(layer: int) -> LayerKey:
    return LayerKey(printer="m290", build="job42", layer=layer, stage=Stage.MELT)


def some_region(chance: random.Random, *, mm2: bool = True) -> Region:
    x, y, width, height = (chance.randint(*ends) for ends in ((0, 90), (0, 90), (1, 40), (1, 40)))
    area = chance.randint(1, width * height)
    confidence = chance.randint(1, 99) / 100
    return Region(
        bbox=(x, y, width, height),
        area_px=area,
        area_mm2=area / 4 if mm2 else None,
        max_confidence=confidence,
        mean_confidence=confidence / 2,
    )


def meets(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel, told pixel by pixel."""
    along = [set(range(box[axis], box[axis] + box[axis + 2])) for axis in (0, 1) for box in (one, other)]
    return bool(along[0] & along[1] and along[2] & along[3])


def around(boxes: Iterable[Box]) -> Box:
    corners = [(x, y, x + width, y + height) for x, y, width, height in boxes]
    x, y = (min(corner[axis] for corner in corners) for axis in (0, 1))
    right, lower = (max(corner[axis] for corner in corners) for axis in (2, 3))
    return x, y, right - x, lower - y


def test_a_place_is_followed_through_the_newest_revisions_of_the_layers(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    chance = random.Random(7)
    newest: dict[int, Verdict] = {}
    for layer in range(60):
        for revision in range(1, chance.choice((1, 1, 2)) + 1):
            regions = tuple(some_region(chance, mm2=layer != 30) for _ in range(chance.randint(0, 6)))
            verdict = some_verdict(layer=layer, revision=revision, decision=chance.choice(list(Decision)))
            newest[layer] = verdict.model_copy(update={"regions": regions})
            store.take_in([published(newest[layer])])
    store.take_in([published(some_verdict(layer=5, stage=Stage.RECOAT, areas_px=(90,)))])
    box = (40, 30, 12, 25)

    found = StageQueries(engine).column(Place(printer="m290", build="job42", stage=Stage.MELT, box=box), **ALL)

    expected = []
    for layer, verdict in newest.items():
        there = [region for region in verdict.regions if meets(region.bbox, box)]
        in_mm2 = [region.area_mm2 for region in there if region.area_mm2 is not None]
        if there:
            expected.append(
                ColumnLayer(
                    layer=layer,
                    inspection=verdict.id,
                    decision=verdict.decision,
                    regions=len(there),
                    area_px=sum(region.area_px for region in there),
                    area_mm2=sum(in_mm2) if len(in_mm2) == len(there) else None,
                    max_confidence=max(region.max_confidence for region in there),
                    bbox=around(region.bbox for region in there),
                )
            )
    assert len(expected) > 20
    assert list(found) == expected


def test_of_a_long_column_so_many_are_given_as_are_asked_for(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    store.take_in([published(some_verdict(layer=layer, areas_px=(90,))) for layer in range(9)])
    place = Place(printer="m290", build="job42", stage=Stage.MELT, box=(0, 0, 1_000_000, 1_000_000))

    found = StageQueries(engine).column(place, first=2, last=7, limit=4)

    assert [each.layer for each in found] == [2, 3, 4, 5]


def test_boxes_at_the_edge_of_what_a_column_holds_are_no_error(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    most = (1 << 31) - 1
    region = some_region(random.Random(1)).model_copy(update={"bbox": (most, most, most, most), "area_px": most})
    store.take_in([published(some_verdict().model_copy(update={"regions": (region, region)}))])
    queries = StageQueries(engine)

    for box in ((0, 0, 1_000_000, 1_000_000), (999_999, 999_999, 1, 1)):
        assert queries.column(Place(printer="m290", build="job42", stage=Stage.MELT, box=box), **ALL) == ()


def test_a_layer_knows_its_neighbours_and_what_lies_below(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    third, again = some_verdict(layer=3), some_verdict(layer=3, revision=2)
    others = [some_verdict(layer=7), some_verdict(layer=5, stage=Stage.RECOAT), some_verdict(layer=6, build="job43")]
    store.take_in([published(each) for each in (third, again, *others)])
    queries = StageQueries(engine)

    assert queries.neighbours(key_of(5)) == (3, 7)
    assert queries.neighbours(key_of(3)) == (None, 7)
    assert queries.neighbours(key_of(7)) == (3, None)
    assert queries.below(key_of(7)) == again
    assert queries.below(key_of(3)) is None


def test_the_stages_of_a_build_have_a_first_and_a_last_layer(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    places = [(2, Stage.RECOAT), (4, Stage.RECOAT), (3, Stage.MELT)]
    store.take_in([published(some_verdict(layer=layer, stage=stage)) for layer, stage in places])
    queries = StageQueries(engine)

    found = queries.ranges("m290", "job42")

    assert [(each.stage, each.first, each.last, each.layers) for each in found] == [
        (Stage.RECOAT, 2, 4, 2),
        (Stage.MELT, 3, 3, 1),
    ]
    assert queries.ranges("m290", "job43") == ()


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_builds_are_paged_without_losing_any_of_those_that_ended_at_one_moment(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker, limit: int
) -> None:
    for number in range(7):
        moment = NOON + timedelta(microseconds=number // 3)
        store.take_in([published(some_verdict(build=f"job{number}", published=moment))])
    store.take_in([published(some_verdict(printer="check", published=NOON))])
    queries = BuildQueries(engine)

    pages: list[BuildFacts] = []
    while some := queries.builds(
        limit=limit, before=(pages[-1].last_published, pages[-1].id) if pages else None, but_of="check"
    ):
        pages += some

    assert [each.name for each in pages] == [f"job{number}" for number in reversed(range(7))]


def test_a_strip_says_how_long_each_verdict_took(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    store.take_in([published(some_verdict(layer=1, seconds=2.25)), published(some_verdict(layer=2, seconds=-3))])

    assert [each.seconds for each in LayerQueries(engine).strip("m290", "job42")] == [2.25, 0.0]
