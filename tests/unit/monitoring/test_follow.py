from collections.abc import Callable

from redis.exceptions import ConnectionError as RedisConnectionError
from rich.console import Console

from layerwatch.errors import VerdictsMissedError
from layerwatch.layers import Stage
from layerwatch.results import Entry
from layerwatch.verdict import Decision, Verdict
from monitoring.follow import Printer, ToldTrouble, Wanted
from monitoring.table import VerdictTable

VerdictMaker = Callable[..., Verdict]


def _printer(lines: list[bytes], told: list[str], wanted: Wanted | None = None) -> Printer:
    return Printer(line=lines.append, table=VerdictTable(Console()), wanted=wanted or Wanted(), tell=told.append)


def test_a_line_is_the_body_to_the_letter_with_fields_that_nobody_knows(some_verdict: VerdictMaker) -> None:
    lines: list[bytes] = []
    body = some_verdict().to_json().encode().replace(b'{"schema":1', b'{ "new_field": [1],  "schema":1')

    shown = _printer(lines, []).show(Entry(cursor="1-0", body=body))

    assert shown
    assert lines == [body]


def shown_of(verdicts: list[Verdict], wanted: Wanted) -> list[Verdict]:
    lines: list[bytes] = []
    printer = _printer(lines, [], wanted)
    for verdict in verdicts:
        assert printer.show(Entry(cursor="1-0", body=verdict.to_json().encode())) == wanted.takes(verdict)
    return [Verdict.from_json(line) for line in lines]


def test_a_filter_shows_only_the_decisions_asked_for(some_verdict: VerdictMaker) -> None:
    verdicts = [some_verdict(decision=decision) for decision in Decision]

    shown = shown_of(verdicts, Wanted(decisions=frozenset({Decision.REJECT, Decision.REVIEW})))

    assert {verdict.decision for verdict in shown} == {Decision.REJECT, Decision.REVIEW}


def test_filters_by_printer_build_and_stage_all_have_to_agree(some_verdict: VerdictMaker) -> None:
    verdicts = [
        some_verdict(printer=printer, build=build, stage=stage)
        for printer in ("m290", "ammt")
        for build in ("job1", "job2")
        for stage in Stage
    ]
    wanted = Wanted(printers=frozenset({"ammt"}), builds=frozenset({"job2"}), stages=frozenset({Stage.MELT}))

    assert shown_of(verdicts, wanted) == verdicts[-1:]
    assert shown_of(verdicts, Wanted(printers=frozenset({"ammt", "m290"}))) == verdicts
    assert verdicts[-1].stage is Stage.MELT


def test_a_body_of_another_version_is_skipped_with_a_word() -> None:
    lines: list[bytes] = []
    told: list[str] = []

    shown = _printer(lines, told).show(Entry(cursor="7-0", body=b'{"schema":2}'))

    assert not shown
    assert lines == []
    assert "7-0" in told[0]


def test_trouble_is_told_in_words_and_what_is_left_goes_on() -> None:
    told: list[str] = []
    trouble = ToldTrouble(told.append)

    trouble.away(RedisConnectionError("away"))
    trouble.back()
    trouble.missed(VerdictsMissedError.removed("5-0", first="9-0", resume="8-0"))

    assert "does not answer" in told[0]
    assert told[1] == "Redis answers again"
    assert told[2].startswith("missed: verdicts behind 5-0 were removed")
