"""Figures as tables: on the terminal, and as sections of docs/performance.md, each with its date and machine."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from layerwatch.atomic import write_atomic
from layerwatch.machine import describe_machine

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One table.

    Attributes:
        title: also names the section of the page.
        command: what takes these figures.
        columns: headings; the first column is of words, the others of numbers.
        note: sentences under the table.
    """

    title: str
    command: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"expected {len(self.columns)} cells in each row of {self.title}")


def show(figures: Figures, console: Console) -> None:
    table = Table(title=figures.title, title_justify="left")
    for number, column in enumerate(figures.columns):
        table.add_column(column, justify="right" if number else "left")
    for row in figures.rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"{figures.note}\n")


def write_page(path: Path, measured: Sequence[Figures]) -> None:
    """Put the tables into a page; its beginning, and sections that were not measured now, stay as they are."""
    head, *parts = _SECTION.split(path.read_text(encoding="utf-8"))
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    sections |= {figures.title: _markdown(figures) for figures in measured}
    text = head.rstrip() + "\n" + "".join(f"\n## {title}\n{body.strip()}\n" for title, body in sections.items())
    write_atomic(path, text.encode())


def _markdown(figures: Figures) -> str:
    head = (figures.columns, tuple("---" if not number else "---:" for number in range(len(figures.columns))))
    lines = [f"| {' | '.join(cells)} |" for cells in (*head, *figures.rows)]
    taken = f"{datetime.now(UTC):%Y-%m-%d}, {describe_machine()}: `{figures.command}`"
    return "\n\n".join((taken, "\n".join(lines), figures.note))
