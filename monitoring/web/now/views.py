"""What the page shows of the running builds, read from the window: strips, counts, findings."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from layerwatch.layers import CHECK_PRINTER, Stage
from layerwatch.verdict import Decision
from layerwatch.verdict_stream import START
from monitoring.web.live.window import Seen, Window

STRIP_LAYERS = 120
TABLE_ROWS = 30
SHOWN_FINDINGS = 4
STAGES = (Stage.RECOAT, Stage.MELT)  # as they happen


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One layer of the strip: the newest verdict of each stage, None where there is none yet."""

    layer: int
    cells: tuple[Seen | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildView:
    """The running build of one printer.

    Attributes:
        last: the newest verdict.
        sets: the newest revision of each layer set, in the order that they came.
        columns: the latest layers in order, at most STRIP_LAYERS.
        counts: layer sets by decision, the newest revision of each.
        hidden: how many earlier layers of the build the window holds beside the strip's.
        findings: the latest layer sets before the last one that did not pass, newest first.
    """

    printer: str
    build: str
    last: Seen
    sets: tuple[Seen, ...]
    columns: tuple[Column, ...]
    counts: dict[Decision, int]
    hidden: int
    findings: tuple[Seen, ...]


def printed(seen: Iterable[Seen]) -> Iterator[Seen]:
    """Yield the verdicts on what printers wrote; what people upload is no running build."""
    return (one for one in seen if one.row.printer != CHECK_PRINTER)


def latest(window: Window, limit: int = TABLE_ROWS) -> list[Seen]:
    """Return the latest verdicts on what printers wrote, newest first."""
    return list(islice(printed(window.newest(len(window))), limit))


def running(window: Window) -> list[tuple[str, str]]:
    """Return printer and running build, by the printer's name."""
    return sorted({seen.row.printer: seen.row.build for seen in printed(window.after(START))}.items())


def builds(window: Window) -> list[BuildView]:
    """Return the running build of each printer, by the printer's name: a screen on the wall keeps its order."""
    of_printer: dict[str, list[Seen]] = {}
    for seen in printed(window.after(START)):
        of_printer.setdefault(seen.row.printer, []).append(seen)
    return [_build_view(of_printer[printer]) for printer in sorted(of_printer)]


def _build_view(of_printer: Sequence[Seen]) -> BuildView:
    last = of_printer[-1]
    newest = _newest_revisions([seen for seen in of_printer if seen.row.build == last.row.build])
    layers = sorted({layer for layer, _ in newest})
    columns = [
        Column(layer=layer, cells=tuple(newest.get((layer, stage)) for stage in STAGES))
        for layer in layers[-STRIP_LAYERS:]
    ]
    return BuildView(
        printer=last.row.printer,
        build=last.row.build,
        last=last,
        sets=tuple(newest.values()),
        columns=tuple(columns),
        counts=dict(Counter(seen.row.decision for seen in newest.values())),
        hidden=len(layers) - len(columns),
        findings=_findings(list(newest.values())[:-1]),
    )


def _newest_revisions(of_build: Sequence[Seen]) -> dict[tuple[int, Stage], Seen]:
    newest: dict[tuple[int, Stage], Seen] = {}
    for seen in of_build:
        place = (seen.row.layer, seen.row.stage)
        newest.pop(place, None)  # a revision stands where it arrived, not where the first one did
        newest[place] = seen
    return newest


def _findings(earlier: Sequence[Seen]) -> tuple[Seen, ...]:
    found = [seen for seen in reversed(earlier) if seen.row.decision is not Decision.PASS]
    return tuple(found[:SHOWN_FINDINGS])


def replaced_by(window: Window, seen: Seen) -> Seen | None:
    """Return the newest revision of the same layer set where that is another one: its artifacts took the place."""
    for other in window.newest(len(window)):
        if other.row.key == seen.row.key:
            return other if other.row.revision > seen.row.revision else None
    return None
