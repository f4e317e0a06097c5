"""What a panel shows, as data: `dashboards.py` makes Grafana's panels of it, and tests read the queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum


class Kind(Enum):
    LINES = "lines"  # over time
    STACK = "stack"  # over time, on top of each other
    NUMBER = "number"  # as it is now


class Unit(StrEnum):
    """Values are Grafana's names."""

    COUNT = "short"
    HOURLY = "counts/h"
    SECONDS = "s"
    BYTES = "bytes"
    SHARE = "percentunit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel.

    Attributes:
        says: what a reader learns of it, in a sentence.
        queries: legend -> PromQL; `{{printer}}` in a legend is the value of that label.
        red_from, red_below: a number is shown in red from here on, or below.
    """

    kind: Kind
    title: str
    says: str
    unit: Unit
    queries: Mapping[str, str]
    red_from: float | None = None
    red_below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


def lines(title: str, says: str, unit: Unit, queries: Mapping[str, str]) -> Panel:
    return Panel(kind=Kind.LINES, title=title, says=says, unit=unit, queries=queries)


def stack(title: str, says: str, unit: Unit, queries: Mapping[str, str]) -> Panel:
    return Panel(kind=Kind.STACK, title=title, says=says, unit=unit, queries=queries)


def number(  # noqa: PLR0913 - a panel and its two limits
    title: str,
    says: str,
    unit: Unit,
    query: str,
    *,
    red_from: float | None = None,
    red_below: float | None = None,
) -> Panel:
    return Panel(
        kind=Kind.NUMBER,
        title=title,
        says=says,
        unit=unit,
        queries={title: query},
        red_from=red_from,
        red_below=red_below,
    )
