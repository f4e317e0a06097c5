"""Which build a name means; where that is not clear, what to type instead."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from layerwatch.errors import LayerwatchError
from monitoring.report.queries import BuildName, ReportQueries

SHOWN_NAMES = 5
ALIKE = 0.5


class BuildUnclearError(LayerwatchError):
    """The history has no such build, or several."""


def choose(queries: ReportQueries, build: str, printer: str | None) -> BuildName:
    """Return the build that is meant.

    Raises:
        BuildUnclearError: there is none, or it is not clear of which printer.
    """
    found = queries.named(build)
    its = [each for each in found if printer in {None, each.printer}]
    if len(its) == 1:
        return its[0]
    if its:
        printers = " or ".join(each.printer for each in its)
        raise BuildUnclearError(f"{len(its)} printers have a build {build}: add --printer {printers}")
    raise BuildUnclearError(_no_such_build(build, printer, found or close_to(build, queries.names())))


def close_to(build: str, names: Sequence[BuildName]) -> tuple[BuildName, ...]:
    """Return the builds whose names are most like one, the most alike first."""
    scored = [(_likeness(build.lower(), each.build.lower()), each) for each in names]
    alike = sorted((each for each in scored if each[0] >= ALIKE), key=lambda each: (-each[0], each[1]))
    return tuple(name for _, name in alike[:SHOWN_NAMES])


def _likeness(build: str, other: str) -> float:
    if build and (build in other or other in build):
        return 1.0
    return SequenceMatcher(a=build, b=other).ratio()


def _no_such_build(build: str, printer: str | None, close: Sequence[BuildName]) -> str:
    whose = "" if printer is None else f" of {printer}"
    if close:
        return f"the history knows no build {build}{whose}; it knows {', '.join(map(str, close))}"
    return (
        f"the history knows no build {build}{whose}, nor any name like it; "
        "if its artifacts are there, `python -m monitoring rebuild` takes them in"
    )
