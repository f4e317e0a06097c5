"""What the page shows, read from the window: printers, strips, the selected layer, announcements."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from layerwatch.layers import CHECK_PRINTER, Stage
from layerwatch.verdict import Decision
from monitoring.web.live.window import Seen, Window

STRIP_LAYERS = 120
TABLE_ROWS = 30
ANNOUNCED_REJECTS = 3
SHOWN_FINDINGS = 4
STAGES = (Stage.RECOAT, Stage.MELT)  # as they happen
WHAT_NOW = {
    Decision.PASS: "Nothing to do.",
    Decision.REVIEW: "Look at the layer.",
    Decision.REJECT: "Stop the build and look at the layer.",
    Decision.INVALID: "The pictures cannot be judged. Check camera and lights.",
}


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
        columns: the latest layers in order, at most STRIP_LAYERS.
        counts: layer sets by decision, the newest revision of each.
        hidden: how many earlier layers of the build the window holds beside the strip's.
        findings: the latest layer sets before the last one that did not pass, newest first.
        unbroken: how many layer sets in a row, the last included, have the last decision.
    """

    printer: str
    build: str
    last: Seen
    columns: tuple[Column, ...]
    counts: dict[Decision, int]
    hidden: int
    findings: tuple[Seen, ...]
    unbroken: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def builds(window: Window) -> list[BuildView]:
    """Return the running build of each printer, by the printer's name: a screen on the wall keeps its order."""
    of_printer: dict[str, list[Seen]] = {}
    for seen in window.after("0"):
        if seen.row.printer != CHECK_PRINTER:
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
        columns=tuple(columns),
        counts=dict(Counter(seen.row.decision for seen in newest.values())),
        hidden=len(layers) - len(columns),
        findings=_findings(list(newest.values())[:-1]),
        unbroken=_unbroken(list(newest.values()), last.row.decision),
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


def _unbroken(newest: Sequence[Seen], decision: Decision) -> int:
    for count, seen in enumerate(reversed(newest)):
        if seen.row.decision is not decision:
            return count
    return len(newest)


def replaced_by(window: Window, seen: Seen) -> Seen | None:
    """Return the newest revision of the same layer set where that is another one: its artifacts took the place."""
    for other in window.newest(len(window)):
        if other.row.key == seen.row.key:
            return other if other.row.revision > seen.row.revision else None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What came after a cursor, as pieces of the page.

    Attributes:
        begun: builds that the page does not show yet; they come whole.
        grown: builds that the page shows; only the columns in `columns` changed.
        rows: new rows of the table, oldest first.
        polite, urgent: what is to be said aloud, empty for nothing.
    """

    cursor: str
    begun: tuple[BuildView, ...]
    grown: tuple[BuildView, ...]
    columns: dict[str, tuple[Column, ...]]
    rows: tuple[Seen, ...]
    polite: str
    urgent: str


def update_after(window: Window, cursor: str) -> Update:
    """Return the pieces of the page that changed behind a cursor."""
    new = window.after(cursor)
    shown = {seen.row.printer: seen.row.build for seen in window.after("0")[: len(window) - len(new)]}
    touched = {seen.row.printer for seen in new}
    changed = [view for view in builds(window) if view.printer in touched]
    grown = tuple(view for view in changed if shown.get(view.printer) == view.build)
    layers = {(seen.row.printer, seen.row.build, seen.row.layer) for seen in new}
    printed = [seen for seen in new if seen.row.printer != CHECK_PRINTER]  # who uploads a layer hears of it there
    return Update(
        cursor=new[-1].cursor if new else cursor,
        begun=tuple(view for view in changed if view not in grown),
        grown=grown,
        columns={
            view.printer: tuple(c for c in view.columns if (view.printer, view.build, c.layer) in layers)
            for view in grown
        },
        rows=tuple(new[-TABLE_ROWS:]),
        polite=_polite(printed),
        urgent=_urgent(printed),
    )


def spoken(seen: Seen) -> str:
    """Return a verdict as a sentence."""
    row = seen.row
    found = f"{row.region_count} defect region{'' if row.regions == 1 else 's'}, {row.total}" if row.regions else ""
    why = found or "; ".join(row.reasons)
    return f"{row.decision.value}: {row.printer}, layer {row.layer}, {row.stage.value}{f'. {why}' if why else ''}."


def _polite(new: Sequence[Seen]) -> str:
    quiet = [seen for seen in new if seen.row.decision is not Decision.REJECT]
    if not quiet:
        return ""
    head = "" if len(quiet) == 1 else f"{len(quiet)} new verdicts. The last one, "
    return f"{head}{spoken(quiet[-1])}"


def _urgent(new: Sequence[Seen]) -> str:
    rejected = [seen for seen in new if seen.row.decision is Decision.REJECT]
    if not rejected:
        return ""
    more = len(rejected) - ANNOUNCED_REJECTS
    named = " ".join(spoken(seen) for seen in rejected[-ANNOUNCED_REJECTS:])
    return f"{named} And {more} more." if more > 0 else named
