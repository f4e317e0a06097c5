from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rhythm import Rhythm
from ingest.series import Irregularity, Notice, Series
from layerwatch.layers import LayerKey, Stage


def key(layer: int, *, build: str = "job", stage: Stage = Stage.MELT) -> LayerKey:
    return LayerKey(printer="m290", build=build, layer=layer, stage=stage)


@dataclass
class Bench:
    series: Series = field(default_factory=lambda: Series(patience_seconds=30.0))
    now: float = 0.0

    def add(self, *layers: int, live: bool = True, build: str = "job", stage: Stage = Stage.MELT) -> None:
        for layer in layers:
            self.now += 1
            written = int(self.now * 1e9)
            self.series.add(key(layer, build=build, stage=stage), written_ns=written, now=self.now, live=live)

    def told(self, *, after: float = 60.0, at_once: bool = False) -> list[str]:
        self.now += after
        return [words(notice) for notice in self.series.take_notices(self.now, at_once=at_once)]


def words(notice: Notice) -> str:
    return f"{notice.irregularity} {notice.first}-{notice.last} {notice.build} {notice.stage}"


def test_layers_one_after_the_other_are_nothing_strange() -> None:
    bench = Bench()

    bench.add(4, 5, 5, 6, 7, 7)

    assert bench.told() == []
    assert bench.series.missing == 0


def test_layers_that_are_passed_over_are_missing_after_a_while_and_told_once() -> None:
    bench = Bench()
    bench.add(1, 2, 6)

    assert bench.told(after=10) == []
    assert bench.told() == ["missing 3-5 job melt"]
    assert bench.told() == []
    assert bench.series.missing == 3


def test_each_stage_and_each_build_has_its_own_layers() -> None:
    bench = Bench()

    bench.add(1, 3, stage=Stage.RECOAT)
    bench.add(1, 2, 3)
    bench.add(7, build="next")

    assert bench.told() == ["missing 2-2 job recoat"]


def test_a_layer_that_comes_later_is_out_of_order_and_no_longer_missing() -> None:
    bench = Bench()
    bench.add(1, 5)
    bench.told()

    bench.add(3)

    assert bench.told() == ["out_of_order 3-3 job melt"]
    assert bench.series.missing == 2
    bench.add(2, 4)
    assert bench.series.missing == 0
    assert bench.series.counts[Irregularity.OUT_OF_ORDER] == 3


def test_a_printer_that_counts_downwards_is_out_of_order_at_each_layer() -> None:
    bench = Bench()

    bench.add(9, 8, 5)

    assert bench.told(after=0) == ["out_of_order 8-8 job melt", "out_of_order 5-5 job melt"]
    assert bench.told() == ["missing 6-7 job melt"]


def test_a_picture_that_was_written_in_order_and_read_late_is_not_out_of_order() -> None:
    bench = Bench()
    bench.series.add(key(2), written_ns=200, now=1.0, live=True)

    bench.series.add(key(1), written_ns=100, now=2.0, live=True)

    assert bench.told() == []


def test_the_order_of_a_backlog_says_nothing_but_its_gaps_do() -> None:
    bench = Bench()

    bench.add(5, 1, 3, 2, live=False)

    assert bench.told(after=0, at_once=True) == ["missing 4-4 job melt"]


def test_a_repeated_layer_is_counted_each_time() -> None:
    bench = Bench()
    bench.add(1)

    bench.series.repeat(key(1))

    assert bench.told() == ["repeated 1-1 job melt"]
    assert bench.series.counts == {Irregularity.REPEATED: 1}


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_what_is_missing_is_what_lies_between_and_was_never_added(layers: list[int]) -> None:
    bench = Bench()

    bench.add(*layers, live=False)
    told = bench.series.take_notices(bench.now, at_once=True)

    expected = set(range(min(layers), max(layers))) - {*layers}
    assert [layer for notice in told for layer in range(notice.first, notice.last + 1)] == sorted(expected)
    assert bench.series.missing == len(expected)


def heard(rhythm: Rhythm, *times: float) -> Rhythm:
    for time in times:
        rhythm.heard(time)
    return rhythm


def test_a_wait_is_strange_when_it_is_much_longer_than_the_ones_before() -> None:
    rhythm = heard(Rhythm(), 0, 30, 70, 100)

    assert rhythm.silence(100 + 5 * 40) is None
    assert rhythm.silence(100 + 5 * 40 + 1) == pytest.approx(201)
    rhythm.heard(400)
    assert rhythm.silence(401) is None


def test_fast_layers_do_not_make_a_minute_strange() -> None:
    assert heard(Rhythm(), 0, 1, 2, 3).silence(60) is None
    assert heard(Rhythm(), 0, 1, 2, 3).silence(64) == pytest.approx(61)


def test_before_a_rhythm_is_known_no_silence_is_strange() -> None:
    assert Rhythm().silence(10**6) is None
    assert heard(Rhythm(), 0, 1, 2).silence(10**6) is None


def test_the_wait_that_is_strange_can_be_said() -> None:
    rhythm = heard(Rhythm(silent_seconds=10), 0)

    assert rhythm.silence(10) is None
    assert rhythm.silence(11) == 11
