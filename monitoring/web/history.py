"""The history as the page sees it: it may not be there yet, or be away, and the page lives on."""

from pathlib import Path
from threading import Lock

from sqlalchemy import Engine

from layerwatch.errors import LayerwatchError, SettingsError
from monitoring.history.database import database_url, open_database
from monitoring.history.migrate import check_current


class NoHistoryError(LayerwatchError):
    """There is no history that this layerwatch can read."""


class PageHistory:
    """Opens the history when it is first asked of, and again as long as there is none; may be shared by threads."""

    def __init__(self, text: str) -> None:
        """Take MONITORING_DATABASE_URL.

        Raises:
            SettingsError: it names no database that a history can lie in.
        """
        self._text = text
        try:
            self._url = database_url(text)
        except ValueError as error:
            raise SettingsError(f"MONITORING_DATABASE_URL: {error}") from None
        self._lock = Lock()
        self._engine: Engine | None = None
        self._is_current = False

    def engine(self) -> Engine:
        """Return an engine with the tables of this version behind it.

        Raises:
            NoHistoryError: there is no history yet, or an older one; the message says what to do.
            sqlalchemy.exc.DBAPIError: the database does not answer.
        """
        with self._lock:
            if self._url.drivername == "sqlite" and not Path(str(self._url.database)).is_file():
                raise NoHistoryError(
                    "there is no history yet: start `python -m monitoring record`, "
                    "or write it from the artifacts by `python -m monitoring rebuild`"
                )
            if self._engine is None:
                self._engine = open_database(self._text)
            if not self._is_current:
                check_current(self._engine)
                self._is_current = True
            return self._engine

    def close(self) -> None:
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
