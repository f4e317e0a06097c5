"""What `ingest status` prints: every source that ingest told of, and what waits."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table

from layerwatch.source_state import SourceState

COLUMNS = (
    "printer",
    "state",
    "last picture",
    "files waiting",
    "sets waiting",
    "not published",
    "irregular layers",
    "folder",
)


def is_fine(states: Sequence[SourceState], now: datetime) -> bool:
    """Return whether there are sources, all of them up and told of lately."""
    return bool(states) and all(state.is_up and not state.is_stale(now) for state in states)


def as_json(states: Sequence[SourceState], depth: int, given_up: int, now: datetime) -> str:
    """Return all of it for programs."""
    sources = [json.loads(state.to_json()) | {"is_stale": state.is_stale(now)} for state in states]
    return json.dumps({"queue_depth": depth, "given_up": given_up, "sources": sources}, indent=1)


def print_status(states: Sequence[SourceState], depth: int, given_up: int, console: Console, now: datetime) -> None:
    """Print a line for each source, how long the queue is, and how much was given up on."""
    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in {"files waiting", "not published"} else "left")
    for state in states:
        table.add_row(
            state.printer,
            _condition(state, now),
            _ago(state.last_picture, now),
            _waiting(state),
            ", ".join(f"{number} for {what}" for what, number in state.sets_waiting.items() if number) or "0",
            str(state.outstanding),
            ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in state.irregular.items()) or "none",
            state.folder,
        )
    if states:
        console.print(table)
    else:
        console.print("No ingest has told of a source; start one with: python -m ingest run")
    console.print(f"{depth} inspections wait on the queue", highlight=False)
    if given_up:
        console.print(f"{given_up} inspections were given up on: python -m ingest quarantine list", highlight=False)


def _condition(state: SourceState, now: datetime) -> str:
    if state.is_stale(now):
        return f"ingest silent for {_span(now - state.updated)}"
    if not state.is_up:
        return "down: the folder is away"
    silent = f", silent for {_span(timedelta(seconds=state.silent_seconds))}" if state.silent_seconds else ""
    return f"up{silent}" if state.has_events else f"up, polling{silent}"


def _waiting(state: SourceState) -> str:
    if state.oldest_waiting_seconds is None:
        return str(state.files_waiting)
    return f"{state.files_waiting}, oldest {_span(timedelta(seconds=state.oldest_waiting_seconds))}"


def _ago(moment: datetime | None, now: datetime) -> str:
    return "none yet" if moment is None else f"{_span(max(timedelta(), now - moment))} ago"


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
