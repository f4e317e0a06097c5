"""The parts of the history that need no database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from layerwatch.errors import SettingsError
from layerwatch.verdict import Decision
from monitoring.history.answers import HourFacts
from monitoring.history.database import database_url, open_database

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "drivername"),
    [
        ("sqlite:///history.sqlite3", "sqlite"),
        ("sqlite:////srv/history.sqlite3", "sqlite"),
        ("postgresql://me:secret@db/history", "postgresql+psycopg"),
        ("postgres://me@db:5433/history?sslmode=require", "postgresql+psycopg"),
        ("postgresql+psycopg://db/history", "postgresql+psycopg"),
    ],
)
def test_a_database_is_named_as_people_name_it(told: str, drivername: str) -> None:
    assert database_url(told).drivername == drivername


@pytest.mark.parametrize(
    "told",
    ["", "history.sqlite3", "sqlite://", "sqlite:///:memory:", "mysql://me:secret@db/x", "postgresql://me:secret@db",
     "postgresql+psycopg2://me:secret@db/x", "postgresql://me:secret@db:port/x"],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_without_telling_a_secret(told: str) -> None:
    with pytest.raises(SettingsError, match=r"MONITORING_DATABASE_URL: expected sqlite:///") as refused:
        open_database(told)

    assert "secret" not in str(refused.value)


def test_a_folder_for_sqlite_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("a file")

    with pytest.raises(SettingsError, match="cannot make"):
        open_database(f"sqlite:///{tmp_path}/history/below/history.sqlite3")


@pytest.mark.parametrize(
    ("counts", "rate"),
    [((6, 1, 3, 5), 0.4), ((4, 0, 0, 2), 0.0), ((0, 0, 0, 3), None), ((0, 1, 1, 0), 1.0)],
)
def test_the_defect_rate_is_of_what_could_be_judged(counts: tuple[int, ...], rate: float | None) -> None:
    decisions = dict(zip(Decision, counts, strict=True))

    assert HourFacts(hour=NOON, decisions=decisions).defect_rate == rate
