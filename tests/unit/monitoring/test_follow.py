from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from rich.console import Console

from layerwatch.verdict import Decision, Verdict
from monitoring.follow import LONGEST_PAUSE_SECONDS, Follower, Printer
from monitoring.stream import CursorError, Entry, entries_of, position
from monitoring.table import VerdictTable

VerdictMaker = Callable[..., Verdict]


class BrokenStream:
    """Entries 1-0, 2-0, ...; breaks off after each one, and again as often as asked before it goes on."""

    def __init__(self, entries: int, *, failures: int) -> None:
        self._entries = [Entry(cursor=f"{number}-0", body=b"%d" % number) for number in range(1, entries + 1)]
        self._failures = failures
        self._left = failures

    def latest_cursor(self) -> str:
        return "1-0"

    def after(self, cursor: str, *, wait_seconds: float) -> Iterator[Entry]:
        assert wait_seconds > 0
        if self._left:
            self._left -= 1
            raise RedisConnectionError("away")
        self._left = self._failures
        yield from [entry for entry in self._entries if position(entry.cursor) > position(cursor)][:1]
        raise RedisConnectionError("gone again")


def test_following_goes_on_behind_the_last_entry_after_every_break() -> None:
    follower = Follower(BrokenStream(5, failures=2), cursor="0", tell=lambda _: None, sleep=lambda _: None)

    bodies = [entry.body for entry in islice(follower.entries(), 5)]

    assert bodies == [b"1", b"2", b"3", b"4", b"5"]


def test_without_a_cursor_only_new_entries_come() -> None:
    follower = Follower(BrokenStream(3, failures=0), cursor=None, tell=lambda _: None, sleep=lambda _: None)

    assert [entry.body for entry in islice(follower.entries(), 2)] == [b"2", b"3"]


def test_one_trouble_is_told_once_and_its_end_once() -> None:
    told: list[str] = []
    pauses: list[float] = []
    follower = Follower(BrokenStream(1, failures=9), cursor="0", tell=told.append, sleep=pauses.append)

    next(follower.entries())

    assert len(told) == 2
    assert "does not answer" in told[0]
    assert told[1] == "Redis answers again"
    assert pauses == sorted(pauses)
    assert max(pauses) == LONGEST_PAUSE_SECONDS


def _printer(lines: list[bytes], told: list[str], wanted: frozenset[Decision] = frozenset()) -> Printer:
    return Printer(line=lines.append, table=VerdictTable(Console()), wanted=wanted, tell=told.append)


def test_a_line_is_the_body_to_the_letter_with_fields_that_nobody_knows(some_verdict: VerdictMaker) -> None:
    lines: list[bytes] = []
    body = some_verdict().to_json().encode().replace(b'{"schema":1', b'{ "new_field": [1],  "schema":1')

    shown = _printer(lines, []).show(Entry(cursor="1-0", body=body))

    assert shown
    assert lines == [body]


def test_a_filter_shows_only_the_decisions_asked_for(some_verdict: VerdictMaker) -> None:
    lines: list[bytes] = []
    printer = _printer(lines, [], frozenset({Decision.REJECT}))

    shown = [
        printer.show(Entry(cursor="1-0", body=some_verdict(decision=decision).to_json().encode()))
        for decision in Decision
    ]

    assert sum(shown) == len(lines) == 1
    assert b'"decision":"reject"' in lines[0]


def test_a_body_of_another_version_is_skipped_with_a_word() -> None:
    lines: list[bytes] = []
    told: list[str] = []

    shown = _printer(lines, told).show(Entry(cursor="7-0", body=b'{"schema":2}'))

    assert not shown
    assert lines == []
    assert "7-0" in told[0]


@pytest.mark.parametrize("text", ["", "x", "-1", "1-", "1-0-0", "1 0", "$"])
def test_what_is_no_stream_id_is_refused(text: str) -> None:
    with pytest.raises(CursorError, match="expected a stream id"):
        position(text)


def test_stream_ids_compare_as_numbers() -> None:
    assert position("9-10") > position("9-9") > position("9") > position("8-99")


def test_an_entry_without_a_body_is_empty_rather_than_lost() -> None:
    assert entries_of([(b"1-0", {b"other": b"x"})]) == [Entry(cursor="1-0", body=b"")]
