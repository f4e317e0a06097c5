import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.settling import Settling, Stamp

SMALL, GROWN = Stamp(10, 1_000), Stamp(20, 2_000)


@pytest.fixture
def settling() -> Settling:
    return Settling(settle_seconds=1.0, grace_seconds=10.0)


def test_a_file_is_due_after_it_was_quiet_for_the_settle_time(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0)

    assert settling.take_due(100.9) is None
    assert settling.take_due(101.0) == "a.png"


def test_a_file_that_grows_starts_to_wait_anew(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0)
    settling.observe("a.png", GROWN, now=100.9)

    assert settling.take_due(101.5) is None
    assert settling.take_due(101.9) == "a.png"
    assert settling.stamp("a.png") == GROWN


def test_seeing_a_file_unchanged_does_not_make_it_wait_longer(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0)
    settling.observe("a.png", SMALL, now=100.9)

    assert settling.next_due() == 101.0


def test_a_closed_file_waits_a_quarter_of_the_time(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0)
    settling.observe("a.png", SMALL, now=100.1, closed=True)

    assert settling.next_due() == pytest.approx(100.25)


def test_a_file_that_is_written_again_after_it_was_closed_waits_in_full(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0, closed=True)
    settling.observe("a.png", GROWN, now=100.1)

    assert settling.next_due() == pytest.approx(101.1)


def test_a_file_that_was_old_at_the_start_is_due_at_once(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0, age=3600.0)

    assert settling.take_due(100.0) == "a.png"


def test_a_file_from_the_future_waits_like_any_other(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0, age=-3600.0)

    assert settling.next_due() == 101.0


def test_a_file_that_is_not_whole_is_due_again_when_the_grace_time_is_over(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0)
    settling.take_due(101.0)
    assert not settling.grace_is_over("a.png", now=101.0)

    settling.wait_for_grace("a.png")

    assert settling.take_due(109.9) is None
    assert settling.take_due(110.0) == "a.png"
    assert settling.grace_is_over("a.png", now=110.0)


def test_a_file_that_goes_on_growing_gets_its_grace_time_anew(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0)
    settling.take_due(101.0)
    settling.wait_for_grace("a.png")
    settling.observe("a.png", GROWN, now=105.0)

    assert settling.take_due(106.0) == "a.png"
    assert not settling.grace_is_over("a.png", now=114.9)


def test_files_being_printed_now_come_before_the_backlog_and_the_backlog_in_its_order(settling: Settling) -> None:
    for name, age in (("newest", 10.0), ("oldest", 30.0), ("middle", 20.0)):
        settling.observe(name, SMALL, now=100.0, age=age, backlog=True)
    settling.observe("live", SMALL, now=100.0)

    taken = []
    while (path := settling.take_due(101.0)) is not None:
        taken.append(path)
        settling.settled(path)

    assert taken == ["live", "oldest", "middle", "newest"]
    assert len(settling) == 0
    assert settling.next_due() is None


def test_a_file_that_could_not_be_looked_at_is_due_again(settling: Settling) -> None:
    settling.observe("a.png", SMALL, now=100.0)
    settling.take_due(101.0)

    settling.retry("a.png", at=103.0)

    assert settling.take_due(102.9) is None
    assert settling.take_due(103.0) == "a.png"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.floats(0.01, 3.0), st.booleans()), max_size=40))
def test_no_file_is_due_while_it_changes_and_none_is_forgotten(events: list[tuple[str, int, float, bool]]) -> None:
    settling = Settling(settle_seconds=1.0, grace_seconds=10.0)
    now = 0.0
    changed: dict[str, float] = {}
    stamps: dict[str, Stamp] = {}
    for name, size, pause, closed in events:
        now += pause
        stamp = Stamp(size, size)
        if stamps.get(name) != stamp:
            stamps[name], changed[name] = stamp, now
        settling.observe(name, stamp, now=now, closed=closed)
        while (path := settling.take_due(now)) is not None:
            assert now - changed[path] >= 0.25 - 1e-9  # sums of floats
            settling.settled(path)
            del stamps[path]

    left = set()
    while (path := settling.take_due(now + 100.0)) is not None:
        left.add(path)
        settling.settled(path)

    assert left == set(stamps)
