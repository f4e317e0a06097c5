"""What only shows over time, whatever the clocks of other machines say."""

from collections.abc import Callable
from datetime import datetime, timedelta

from layerwatch.source_state import SourceState
from monitoring.web.now.facts import RedisFacts
from monitoring.web.now.plant import Observer
from tests.unit.monitoring.now.conftest import NOON

StateMaker = Callable[..., SourceState]
FactsMaker = Callable[..., RedisFacts]


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_source_is_mute_when_nothing_new_was_said_for_three_reports(
    some_state: StateMaker, some_facts: FactsMaker
) -> None:
    observer = Observer()
    for seconds in (0, 20, 34):
        (source,) = observer.see(some_facts(), wall=later(seconds), now=seconds).sources
        assert not source.is_mute
    (source,) = observer.see(some_facts(), wall=later(36), now=36).sources

    assert source.is_mute
    (source,) = observer.see(some_facts(some_state(updated=later(37))), wall=later(37), now=37).sources
    assert not source.is_mute


def test_an_ingest_whose_clock_is_an_hour_ahead_is_still_found_mute(
    some_state: StateMaker, some_facts: FactsMaker
) -> None:
    observer = Observer()
    facts = some_facts(some_state(updated=later(3600)))
    observer.see(facts, wall=NOON, now=0)

    (source,) = observer.see(facts, wall=later(40), now=40).sources

    assert source.is_mute


def test_an_ingest_whose_clock_is_an_hour_behind_is_heard_once_it_speaks(
    some_state: StateMaker, some_facts: FactsMaker
) -> None:
    observer = Observer()
    (first,) = observer.see(some_facts(some_state(updated=later(-3600))), wall=NOON, now=0).sources

    (second,) = observer.see(some_facts(some_state(updated=later(-3590))), wall=later(10), now=10).sources

    assert first.is_mute
    assert not second.is_mute


def test_a_light_lacks_when_nothing_more_comes_or_several_sets_wait(
    some_state: StateMaker, some_facts: FactsMaker
) -> None:
    observer = Observer()
    observer.see(some_facts(some_state(light=1, settled=10)), wall=NOON, now=0)
    (coming,) = observer.see(some_facts(some_state(light=1, settled=11)), wall=NOON, now=10).sources
    observer.see(some_facts(some_state(light=1, settled=11)), wall=NOON, now=20)
    (waiting,) = observer.see(some_facts(some_state(light=1, settled=11)), wall=NOON, now=45).sources
    (several,) = observer.see(some_facts(some_state(light=3, settled=15)), wall=NOON, now=50).sources
    (none,) = observer.see(some_facts(some_state(light=0, settled=18)), wall=NOON, now=55).sources

    assert [one.lacking_seconds for one in (coming, waiting, several, none)] == [0, 25, 30, 0]


def test_the_queue_is_timed_while_it_is_never_empty(some_facts: FactsMaker) -> None:
    observer = Observer()
    seen = [
        observer.see(some_facts(queued=queued, started=started), wall=NOON, now=now).waiting_seconds
        for now, queued, started in ((0, 0, 0), (10, 2, 0), (50, 0, 1), (60, 0, 0), (70, 1, 0))
    ]

    assert seen == [0, 0, 40, 0, 0]


def test_a_queue_grows_against_a_minute_ago(some_facts: FactsMaker) -> None:
    observer = Observer()
    grows = [
        observer.see(some_facts(queued=queued), wall=NOON, now=now).grows
        for now, queued in ((0, 10), (30, 12), (58, 15), (130, 15))
    ]

    assert grows == [False, False, True, False]
