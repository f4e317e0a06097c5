"""The command `prune`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from layerwatch.errors import ArtifactsAwayError, QueueUnavailableError, SettingsError
from layerwatch.logs import configure_logging
from layerwatch.settings import load_settings
from monitoring.settings import MonitoringSettings

if TYPE_CHECKING:
    from monitoring.retention.pruning import KeepRules, Pruned

EXAMPLES = """
**Examples**

    # what would be removed
    MONITORING_KEEP_DAYS=90 python -m monitoring prune --dry-run

    # overlays and masks of layers older than 90 days, and all but the newest 200 GB of each printer
    MONITORING_KEEP_DAYS=90 MONITORING_KEEP_GB=200 python -m monitoring prune

    # verdicts that the history has, older than a week, from the stream
    MONITORING_KEEP_STREAM_DAYS=7 python -m monitoring prune

`python -m monitoring record` does the same every six hours. Without a setting everything is kept. Never removed are
verdict.json, and overlays and masks of layers that were rejected or corrected, that an event names, or whose build had
a verdict within a day.
"""


def prune(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", metavar="", help="Remove nothing, say what would be.")] = False,
) -> None:
    """Remove old overlays, masks and stream entries, as the settings say."""
    from layerwatch.artifacts import open_artifacts  # noqa: PLC0415 - the help needs none of it
    from layerwatch.redis_connection import connect  # noqa: PLC0415
    from monitoring.history.reading import written_history  # noqa: PLC0415
    from monitoring.retention.pruning import KeepRules, Pruning  # noqa: PLC0415

    settings = load_settings(MonitoringSettings)
    configure_logging(settings.log_format)
    rules = KeepRules.of(settings)
    with written_history(settings.database_url) as engine:
        pruning = Pruning(
            engine=engine,
            artifacts=open_artifacts(settings.artifacts_dir),
            redis=connect(settings.redis_url, retries=0),
            rules=rules,
        )
        try:
            done = pruning.run(datetime.now(UTC), dry_run=dry_run)
        except FileNotFoundError as error:
            raise SettingsError(f"there is no {settings.artifacts_dir}: is ARTIFACTS_DIR right?") from error
        except ArtifactsAwayError:
            raise
        except OSError as error:
            raise ArtifactsAwayError(f"cannot prune {settings.artifacts_dir}: {error.strerror}") from error
    for line in told(done, rules, dry_run=dry_run):
        typer.echo(line)
    if done.stream is None:
        raise QueueUnavailableError("Redis does not answer; prune again for the stream")


def told(done: "Pruned", rules: "KeepRules", *, dry_run: bool) -> Iterator[str]:
    """Yield what a pass did, a line for each printer and one for the stream."""
    verb = "would remove" if dry_run else "removed"
    if rules.keep_all:
        yield "everything is kept: set MONITORING_KEEP_DAYS, KEEP_GB, KEEP_STREAM_DAYS or KEEP_STREAM_ENTRIES"
    if done.waits:
        yield "no artifact is removed until the history is complete: let `python -m monitoring record` catch up first"
    limit = rules.artifacts.size
    for each in done.printers:
        over = ""
        if limit is not None and each.left > limit and not done.waits:
            over = f"; more than {size_text(limit)}, since the rest is protected, in progress or not in the history"
        yield (
            f"{each.printer}: {verb} {each.files:,} overlays and masks, {size_text(each.removed)}; "
            f"{size_text(each.left)} left{over}"
        )
    if done.stream is not None:
        yield f"stream: {verb} {done.stream.removed:,} verdicts; {done.stream.left:,} left"


def size_text(size: int) -> str:
    """Return bytes with a unit of thousands: `812 B`, `4.2 MB`, `310 GB`."""
    amount, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if amount >= 100 or units[0] == "B" else f"{amount:.1f} {units[0]}"


def add_commands(app: typer.Typer) -> None:
    app.command(epilog=EXAMPLES)(prune)
