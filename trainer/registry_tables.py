"""What a person wants to know of the registry, as tables; pure."""

from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.table import Table

from layerwatch.bundle import Manifest, OperatingPoint
from layerwatch.promotions import Check, Promotion


def versions_table(manifests: Iterable[Manifest], in_service: Iterable[str]) -> Table:
    """Return one line a precision of each version, and which versions are in service (NAME/VERSION)."""
    serving = set(in_service)
    table = Table(caption="recall and precision of pixels at the threshold, in validation")
    table.add_column("bundle", no_wrap=True)
    for column in ("serves", "created (UTC)", "network", "recall", "precision", "threshold"):
        table.add_column(column)
    for manifest in manifests:
        first = (escape(manifest.id), "yes" if manifest.id in serving else "", f"{manifest.created:%Y-%m-%d %H:%M}")
        for number, (precision, point) in enumerate(manifest.operating_points.items()):
            table.add_row(*(first if number == 0 else ("", "", "")), precision, *_figures(point))
    return table


def manifest_table(manifest: Manifest, *, in_service: bool) -> Table:
    """Return what a manifest says, flattened to dotted names."""
    table = Table("", "", title=f"{manifest.id}{', in service' if in_service else ''}", show_header=False)
    for name, value in _flat(manifest.model_dump(mode="json", by_alias=True, exclude={"files"})):
        table.add_row(escape(name), escape(value))
    for name, file in manifest.files.items():
        table.add_row(escape(f"files.{name}"), f"{file.bytes / 1e6:.1f} MB, sha256 {file.sha256[:12]}…")
    return table


def check_table(title: str, checks: Sequence[Check]) -> Table:
    """Return each check with its answer."""
    table = Table("", "check", "answer", title=title)
    for check in checks:
        mark = "[green]ok[/green]" if check.passed else "[bold red]FAILED[/bold red]"
        table.add_row(mark, escape(check.name), escape(check.said))
    return table


def history_table(history: Sequence[Promotion]) -> Table:
    """Return who did what, when, and which checks failed."""
    table = Table("when (UTC)", "who", "what", "in service before", "why")
    for one in history:
        failed = "; ".join(f"{check.name}: {check.said}" for check in one.checks if not check.passed)
        table.add_row(f"{one.when:%Y-%m-%d %H:%M}", escape(one.who), one.action, one.before or "", escape(failed))
    return table


def _figures(point: OperatingPoint) -> tuple[str, str, str]:
    return f"{point.recall:.3f}", f"{point.precision:.3f}", f"{point.threshold:.3f}"


def _flat(value: object, name: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    else:
        yield name, str(value)
