"""The table that grows on a terminal: fixed columns, so that rows printed minutes apart stand in line."""

from typing import NoReturn

from rich.console import Console
from rich.table import Table
from rich.text import Text

from layerwatch.verdict import Decision
from monitoring.rows import Row

LOOK = {
    Decision.PASS: "green",
    Decision.REVIEW: "bold black on yellow",
    Decision.REJECT: "bold white on red",
    Decision.INVALID: "bold magenta",
}
REASONS_FROM_WIDTH = 150
AREAS_FROM_WIDTH = 90
INDENT = 9  # below the decision


class TableConsole(Console):
    """A console that leaves it to the command what to do when the reader has gone."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


class VerdictTable:
    """Prints a header once a screenful, and one row a verdict."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines_since_header = 0

    def show(self, row: Row) -> None:
        header = self._lines_since_header % max(10, self._console.height - 2) == 0
        self._console.print(self._table(row, header=header))
        if row.decision is Decision.INVALID and self._console.width < REASONS_FROM_WIDTH:
            self._console.print(Text(f"{' ' * INDENT}{'; '.join(row.reasons)}"), overflow="fold")
        self._lines_since_header += 1

    def _table(self, row: Row, *, header: bool) -> Table:
        width = self._console.width
        table = Table(box=None, show_header=header, header_style="bold", pad_edge=False, expand=True)
        table.add_column("time", width=8, no_wrap=True)
        table.add_column("decision", width=9, no_wrap=True)
        table.add_column("layer", width=13, no_wrap=True)
        table.add_column("build", ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column("regions", width=7, justify="right", no_wrap=True)
        cells: list[str | Text] = [self._time(row), decision_text(row.decision), row.layer_and_stage, row.whose]
        cells.append(row.region_count)
        if width >= AREAS_FROM_WIDTH:
            table.add_column("largest", width=11, justify="right", no_wrap=True)
            table.add_column("total", width=11, justify="right", no_wrap=True)
            cells += [row.largest, row.total]
        table.add_column("conf.", width=5, justify="right", no_wrap=True)
        table.add_column("took", width=7, justify="right", no_wrap=True)
        cells += [row.confidence, row.file_to_verdict]
        if width >= REASONS_FROM_WIDTH:
            table.add_column("reasons", ratio=2, overflow="fold")
            cells.append("; ".join(row.reasons))
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
        return table

    @staticmethod
    def _time(row: Row) -> str:
        return row.published.astimezone().strftime("%H:%M:%S")


def decision_text(decision: Decision) -> Text:
    """Return the decision as a word in its colour; the word alone says it too."""
    return Text(f" {decision.value.upper()} ", style=LOOK[decision])
