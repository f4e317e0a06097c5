"""What `ingest status` says."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from ingest.status import as_json, is_fine, print_status
from layerwatch.errors import WireError
from layerwatch.source_state import SourceState

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def state(**changes: object) -> SourceState:
    facts: dict[str, object] = {
        "printer": "m290",
        "folder": "/in/m290",
        "profile": "nist-ammt",
        "is_up": True,
        "has_events": True,
        "settled": 12,
        "last_picture": NOW - timedelta(minutes=4),
        "files_waiting": 3,
        "oldest_waiting_seconds": 7.5,
        "sets_waiting": {"light": 1, "queue": 0},
        "outstanding": 5,
        "updated": NOW - timedelta(seconds=8),
        "every_seconds": 10.0,
    }
    return SourceState.model_validate(facts | changes)


def shown(*states: SourceState) -> str:
    console = Console(file=StringIO(), width=200)
    print_status(states, 42, 0, console, NOW)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_each_source_has_its_line() -> None:
    text = shown(state(), state(printer="old", has_events=False, last_picture=None, oldest_waiting_seconds=None))

    first, second = text.splitlines()[1:3]
    assert first.split("  ")[0] == "m290"
    for part in ("up", "4 min ago", "3, oldest 7 s", "1 for light", "/in/m290"):
        assert part in first
    assert "none" in first
    assert "up, polling" in second
    assert "none yet" in second
    assert "42 inspections wait" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"is_up": False}, "down"),
        ({"updated": NOW - timedelta(minutes=3)}, "ingest silent for 3 min"),
        ({"updated": NOW - timedelta(days=3)}, "ingest silent for 3 d"),
    ],
)
def test_what_is_down_or_silent_is_not_fine(changes: dict[str, object], said: str) -> None:
    one = state(**changes)

    assert said in shown(one)
    assert is_fine([state()], NOW)
    assert not is_fine([state(), one], NOW)
    assert json.loads(as_json([one], 1, 0, NOW))["sources"][0]["is_stale"] is said.startswith("ingest silent")


def test_no_source_is_not_fine_and_says_what_to_start() -> None:
    assert not is_fine([], NOW)
    assert "python -m ingest run" in shown()


def test_a_state_is_read_back_and_foreign_text_is_refused() -> None:
    assert SourceState.from_json(state().to_json()) == state()
    with pytest.raises(WireError, match="not a source state"):
        SourceState.from_json('{"schema": 2}')


def test_a_silent_printer_and_irregular_layers_are_shown() -> None:
    text = shown(state(silent_seconds=700.0, irregular={"missing": 3, "out_of_order": 1}))

    assert "up, silent for 11 min" in text
    assert "3 missing, 1 out of order" in text
