"""The history for a command that reads it, and makes none where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from layerwatch.errors import SettingsError
from monitoring.history.database import database_url, reach_history
from monitoring.history.migrate import check_current


@contextmanager
def written_history(text: str) -> Iterator[Engine]:
    """Yield an engine with the tables of this version behind it.

    Raises:
        SettingsError: there is no history, or an older one, or the URL cannot be used.
        HistoryAwayError: the database does not answer while the block runs.
    """
    _check_file(text)
    with reach_history(text) as engine:
        check_current(engine)
        yield engine


def _check_file(text: str) -> None:
    try:
        url = database_url(text)
    except ValueError:  # told in words where it is opened
        return
    if url.drivername == "sqlite" and not Path(str(url.database)).is_file():
        raise SettingsError(
            f"there is no history yet at {url.database}: start `python -m monitoring record`, "
            "or write it from the artifacts by `python -m monitoring rebuild`"
        )
