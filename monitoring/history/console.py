"""How far a rebuild or a copy is, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from layerwatch.artifacts import open_artifacts
from layerwatch.errors import ArtifactsAwayError, SettingsError
from monitoring.history.database import reach_history
from monitoring.history.from_artifacts import build_folders
from monitoring.history.migrate import migrate
from monitoring.history.rebuild import Rebuilt, rebuild
from monitoring.history.store import HistoryStore
from monitoring.settings import MonitoringSettings


def rebuild_with_progress(settings: MonitoringSettings, *, printer: str | None, build: str | None) -> Rebuilt:
    """Rebuild the history and return what was done.

    Raises:
        SettingsError: the artifacts are not there, or a setting cannot be used.
        HistoryAwayError: the database does not answer.
        ArtifactsAwayError: the artifacts cannot be read now.
    """
    artifacts = open_artifacts(settings.artifacts_dir)
    with reach_history(settings.database_url) as engine, _bar() as bar:
        migrate(engine)
        try:
            folders = tuple(build_folders(artifacts, printer=printer, build=build))
            task = bar.add_task("builds", total=len(folders), verdicts=0)
            return rebuild(
                HistoryStore(engine),
                artifacts,
                folders,
                tell=lambda done: bar.update(task, completed=done.builds, verdicts=done.verdicts),
            )
        except FileNotFoundError as error:
            where = settings.artifacts_dir if printer is None else f"{printer} in {settings.artifacts_dir}"
            raise SettingsError(f"there is no {where}: is ARTIFACTS_DIR right?") from error
        except ArtifactsAwayError:
            raise
        except OSError as error:
            raise ArtifactsAwayError(f"cannot read {settings.artifacts_dir}: {error.strerror}") from error


@contextmanager
def copying() -> Iterator[Callable[[int, int], None]]:
    """Show how far a copy is; yields what takes how many pages remain, and of how many."""
    columns = TextColumn("copying"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("copying", total=None)
        yield lambda remaining, total: bar.update(task, total=total, completed=total - remaining)


def _bar() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(
        *columns, TextColumn("{task.fields[verdicts]:,} verdicts"), TimeElapsedColumn(), console=Console(stderr=True)
    )
