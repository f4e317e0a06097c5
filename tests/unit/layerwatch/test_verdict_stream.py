import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from layerwatch.errors import CursorError, VerdictsMissedError
from layerwatch.stream_course import LONGEST_PAUSE_SECONDS, Course, Watch
from layerwatch.verdict_stream import (
    NOTHING,
    START,
    Entry,
    entries_of,
    missed_before,
    missed_behind,
    position,
    unbroken,
)


def entry(cursor: str, previous: str | None) -> Entry:
    return Entry(cursor=cursor, body=b"{}", previous=previous)


class Heard(Watch):
    """Notes what it hears, and lets reading go on."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.errors: list[VerdictsMissedError] = []

    def away(self, error: RedisError) -> None:
        self.heard.append(type(error).__name__)

    def back(self) -> None:
        self.heard.append("back")

    def missed(self, error: VerdictsMissedError) -> None:
        self.errors.append(error)


@pytest.mark.parametrize("text", ["", "x", "-1", "1-", "1-0-0", "1 0", "$"])
def test_what_is_no_stream_id_is_refused(text: str) -> None:
    with pytest.raises(CursorError, match="expected a stream id"):
        position(text)


def test_stream_ids_compare_as_numbers() -> None:
    assert position("9-10") > position("9-9") > position("9") > position("8-99")


def test_an_entry_without_a_body_is_empty_rather_than_lost() -> None:
    assert entries_of([(b"1-0", {b"other": b"x"}), (b"2-0", None)]) == [
        Entry(cursor="1-0", body=b""),
        Entry(cursor="2-0", body=b""),
    ]


def test_an_entry_that_names_no_id_as_the_one_before_it_names_none() -> None:
    (found,) = entries_of([(b"1-0", {b"verdict": b"{}", b"previous": b"\xffyesterday"})])

    assert found == Entry(cursor="1-0", body=b"{}", previous=None)


@pytest.mark.parametrize(
    ("cursor", "previous"),
    [
        ("5-0", "5-0"),  # the one that was read last
        (START, "7-0"),  # all that is kept, whatever was there before
        (NOTHING, NOTHING),  # the first that was ever written
        ("6", "5-9"),  # a time behind which nothing else was written
        ("6", None),
        (NOTHING, None),
    ],
)
def test_an_entry_that_is_the_next_one_is_no_alarm(cursor: str, previous: str | None) -> None:
    assert missed_before(entry("9-0", previous), cursor) is None


@pytest.mark.parametrize(
    ("cursor", "previous", "resume"),
    [
        ("5-0", "7-0", "7-0"),  # trimmed behind the cursor
        (NOTHING, "7-0", "7-0"),
        ("6", "7-0", "7-0"),  # so is what was written behind a time
        ("5-0", NOTHING, NOTHING),  # begun anew
        ("5-0", "4-0", "4-0"),  # put back to an older state
        ("5-0", None, START),  # nobody knows
    ],
)
def test_an_entry_that_may_not_be_the_next_one_is_an_alarm_that_says_how_to_go_on(
    cursor: str, previous: str | None, resume: str
) -> None:
    missed = missed_before(entry("9-0", previous), cursor)

    assert missed is not None
    assert (missed.after, missed.first, missed.resume) == (cursor, "9-0", resume)
    assert missed_before(entry("9-0", previous), resume) is None


def test_a_stream_that_never_came_to_the_cursor_is_an_alarm() -> None:
    missed = missed_behind("4-0", "5-0")

    assert missed is not None
    assert (missed.after, missed.first, missed.resume) == ("5-0", None, "4-0")
    assert missed_behind("5-0", "5-0") is None
    assert missed_behind("6-0", "5-0") is None
    assert missed_behind("4-0", "5") is None
    assert missed_behind(NOTHING, START) is None


def test_entries_are_handed_out_up_to_the_one_that_does_not_follow() -> None:
    entries = [entry("1-0", "0-0"), entry("2-0", "1-0"), entry("4-0", "3-0"), entry("5-0", "4-0")]

    assert unbroken(entries) == entries[:2]
    assert unbroken(entries[2:]) == entries[2:]
    assert unbroken([entry("1-0", None), entry("2-0", None)]) == [entry("1-0", None), entry("2-0", None)]
    assert unbroken([]) == []


def test_a_course_begins_at_the_end_where_it_has_no_cursor() -> None:
    course = Course(None, None)

    course.arrive("7-0")

    assert course.cursor == "7-0"
    assert course.is_known


def test_a_course_stays_where_it_was_when_its_watch_stops_it() -> None:
    course = Course("5-0", None)

    with pytest.raises(VerdictsMissedError):
        course.arrive("4-0")
    with pytest.raises(VerdictsMissedError):
        course.take([entry("9-0", "8-0")])

    assert course.cursor == "5-0"


def test_a_course_goes_on_with_what_is_left_when_its_watch_lets_it() -> None:
    watch = Heard()
    course = Course("5-0", watch)

    course.arrive("4-0")
    taken = course.take([entry("9-0", "8-0"), entry("10-0", "9-0")])

    assert [error.resume for error in watch.errors] == ["4-0", "8-0"]
    assert [each.cursor for each in taken] == ["9-0", "10-0"]


def test_a_quiet_stream_is_asked_for_its_end_again() -> None:
    course = Course(START, None)
    course.arrive("7-0")

    assert course.take([]) == []
    assert not course.is_known


def test_one_trouble_is_told_once_and_its_end_once() -> None:
    watch = Heard()
    course = Course(START, watch)

    pauses = [course.leave(RedisConnectionError("away")) for _ in range(9)]
    course.arrive("7-0")
    course.take([])

    assert watch.heard == ["ConnectionError", "back"]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_what_is_no_cursor_is_refused_before_redis_is_asked() -> None:
    with pytest.raises(CursorError):
        Course("yesterday", None)
